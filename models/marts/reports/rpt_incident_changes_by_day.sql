with changes as (

    select * from {{ ref('fct_incident_changes') }}

),

counted as (

    select
        {{ key_of(['city', 'changed_date', 'change']) }} as city_day_change_id,
        city,
        changed_date,
        change,
        count(*) as change_count

    from changes
    group by city, changed_date, change

)

select * from counted
