with incidents as (

    select * from {{ ref('fct_incidents') }}

),

counted as (

    select
        city,
        cast({{ dbt.date_trunc('month', 'occurred_date') }} as date) as month_start,
        time_of_day,
        hour_of_day,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count

    from incidents
    where occurred_date is not null
    group by 1, 2, 3, 4

),

keyed as (

    select
        {{ key_of(['city', 'month_start']) }}
        || ':' || coalesce(cast(hour_of_day as {{ dbt.type_string() }}), 'unknown')
            as city_month_hour_id,
        city,
        month_start,
        time_of_day,
        hour_of_day,
        row_count,
        incident_count

    from counted

)

select * from keyed
