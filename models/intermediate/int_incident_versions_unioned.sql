-- Removed rows stay in, with their key and `removed_at` alone: the fact deletes them.
with versions as (

    {% for city in incident_cities() -%}
    select
        {{ incident_columns() | join(',\n        ') }},
        removed_at,
        window_month,
        replaced_at
    from {{ ref('stg_' ~ city ~ '__incidents') }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

keyed as (

    select
        city || ':' || row_id as incident_id,
        {% for column in incident_columns() -%}
        {% if column == 'counting_id' -%}
        coalesce(counting_id, row_id) as counting_id,
        {% else -%}
        {{ column }},
        {% endif -%}
        {% endfor -%}
        removed_at,
        window_month,
        replaced_at

    from versions

)

select * from keyed
