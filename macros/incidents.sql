{% macro unioned_incidents(layer, others) -%}
    {% for city in incident_cities() -%}
    select
        {{ key_of(['city', 'row_id']) }} as incident_id,
        {% for column in incident_columns() -%}
        {% if column == 'counting_id' -%}
        coalesce(counting_id, row_id) as counting_id,
        {% else -%}
        {{ column }},
        {% endif -%}
        {% endfor -%}
        {{ others | join(',\n        ') }}
    from {{ ref(layer ~ '_' ~ city ~ '__incidents') }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}


{% macro incident_columns() -%}
    {{ return([
        'city', 'row_id', 'incident_number', 'counting_id', 'is_supplement',
        'occurred_at_local', 'occurred_date', 'reported_at_local', 'report_date',
        'incident_category', 'incident_subcategory', 'incident_description',
        'published_offense_code', 'offense_code', 'report_type', 'resolution',
        'filing_status', 'is_arrest', 'is_domestic', 'reported_city',
        'police_district', 'beat', 'council_district', 'present_council_district',
        'neighborhood', 'place', 'location_kind', 'latitude', 'longitude',
        'coordinates', 'has_unparsed_values', 'loaded_at',
    ]) }}
{%- endmacro %}


{% macro day_columns() -%}
    {{ return({
        'occurred_date': 'occurred_at_local', 'report_date': 'reported_at_local'
    }) }}
{%- endmacro %}


{% macro logged_columns() -%}
    {{ return([
        'incident_category', 'resolution', 'police_district', 'council_district',
        'neighborhood', 'occurred_at_local', 'reported_at_local',
    ]) }}
{%- endmacro %}


{% macro logged_type(column) -%}
    {{ return(
        type_local_timestamp() if column.endswith('_at_local') else dbt.type_string()
    ) }}
{%- endmacro %}
