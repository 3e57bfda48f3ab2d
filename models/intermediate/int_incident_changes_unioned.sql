with changes as (

    {% for city in incident_cities() -%}
    select
        {{ key_of(["'" ~ city ~ "'", 'row_id']) }} as incident_id,
        '{{ city }}' as city,
        row_id,
        change,
        changed_fields,
        run_id,
        changed_at
    from {{ ref('stg_' ~ city ~ '__incident_changes') }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select * from changes
