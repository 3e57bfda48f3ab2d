with incidents as (

    select * from {{ ref('fct_incidents') }}

),

labeled as (

    select
        city,
        cast({{ dbt.date_trunc('month', 'occurred_date') }} as date) as month_start,
        coalesce(incident_category, 'Unknown') as incident_category,
        coalesce(offense_group, 'Unknown') as offense_group,
        is_counted,
        is_violent,
        is_property

    from incidents
    where occurred_date is not null

),

counted as (

    select
        {{ key_of(['city', 'month_start', 'incident_category']) }}
            as city_month_category_id,
        city,
        month_start,
        incident_category,
        case
            when min(offense_group) = max(offense_group) then min(offense_group)
            else 'Several'
        end as offense_group,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count,
        count(case when is_counted and is_violent then 1 end) as violent_incident_count,
        count(case when is_counted and is_property then 1 end)
            as property_incident_count

    from labeled
    group by city, month_start, incident_category

)

select * from counted
