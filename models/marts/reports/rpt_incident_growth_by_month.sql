with days as (

    select * from {{ ref('int_incident_days') }}

),

months as (

    select
        city,
        month_start,
        year,
        month,
        month_name,
        count(*) as day_count,
        count(case when is_complete_month and is_covered then 1 end) < count(*)
            as is_partial,
        cast(sum(row_count) as {{ dbt.type_bigint() }}) as row_count,
        cast(sum(incident_count) as {{ dbt.type_bigint() }}) as incident_count

    from days
    group by 1, 2, 3, 4, 5

),

-- Joined by the calendar: a missing month is not a neighbor of the one after it.
paired as (

    select
        {{ key_of(['months.city', 'months.month_start']) }} as city_month_id,
        months.city,
        months.month_start,
        months.year,
        months.month,
        months.month_name,
        months.day_count,
        months.is_partial,
        months.row_count,
        months.incident_count,
        previous_months.incident_count as previous_incident_count,
        case
            when not months.is_partial and not previous_months.is_partial
                then months.incident_count - previous_months.incident_count
        end as incident_count_difference

    from months
    left join months as previous_months
        on months.city = previous_months.city
        and cast({{ dbt.dateadd('month', -1, 'months.month_start') }} as date)
        = previous_months.month_start

),

compared as (

    select
        *,
        {{ percent_of('incident_count_difference', 'previous_incident_count') }}
            as growth_pct

    from paired

)

select * from compared
