{# A staging model of a change log, which the pipelines write: its columns are the same. #}
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
