{% macro staged_changes(log, key='row_id') -%}
with source as (

    select * from {{ log }}

),

renamed as (

    select
        row_id{{ ' as ' ~ key if key != 'row_id' }},
        change,
        changed_fields,
        run_id,
        changed_at

    from source

)

select * from renamed
{%- endmacro %}
