with codes as (

    select * from {{ ref('int_shooting_codes') }}

),

races as (

    select
        shooting_id,
        code as race_code,
        label as race_label,
        cast(min(position) as {{ dbt.type_int() }}) as position
    from codes
    where field = 'race'
    group by shooting_id, code, label

)

select * from races
