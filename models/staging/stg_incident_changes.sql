-- The pipelines' own logs have the same columns for every city: one model reads all.
with source as (

    {% for city in incident_cities() -%}
    select
        '{{ city }}' as city,
        row_id,
        change,
        changed_fields,
        run_id,
        changed_at
    from {{ source(city, 'incidents_changes') }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

renamed as (

    select
        city || ':' || row_id as incident_id,
        city,
        row_id,
        change,
        changed_fields,
        run_id,
        changed_at

    from source

)

select * from renamed
