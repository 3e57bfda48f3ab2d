{{ config(enabled=is_chosen('san_francisco')) }}

with versions as (

    select * from {{ ref('base_san_francisco__incidents') }}

),

present as (

    select
        {{ incident_columns() | join(',\n        ') }},
        report_id,
        cad_number,
        cnn,
        report_type_code,
        data_as_of_at_local,
        window_month
    from versions
    where removed_at is null and replaced_at is null

)

select * from present
