with incidents as (

    select * from {{ ref('fct_incidents') }}

),

labeled as (

    select
        city,
        occurred_date,
        coalesce(incident_category, 'Unknown') as incident_category,
        is_counted

    from incidents
    where occurred_date is not null

),

counted as (

    select
        {{ key_of(['city', 'occurred_date', 'incident_category']) }}
            as city_day_category_id,
        city,
        occurred_date,
        incident_category,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count

    from labeled
    group by city, occurred_date, incident_category

)

select * from counted
