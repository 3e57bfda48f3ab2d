with days as (

    select * from {{ ref('int_incident_days') }}

),

renamings as (

    select * from {{ ref('holiday_renamings') }}

),

-- A holiday that was renamed is one holiday, by its newest name.
dated as (

    select
        days.city,
        days.date_day,
        coalesce(renamings.holiday_name, days.holiday_name) as holiday_name,
        days.is_holiday,
        days.is_observed_holiday,
        days.is_covered,
        days.row_count,
        days.incident_count,
        max(days.date_day) over (partition by days.city) as last_day

    from days
    left join renamings
        on days.city = renamings.city
        and days.holiday_name = renamings.former_name

),

-- The city's last day may still be filling.
whole_days as (

    select
        city,
        date_day,
        holiday_name,
        is_holiday,
        is_observed_holiday,
        row_count,
        incident_count

    from dated
    where is_covered and date_day < last_day

),

-- A holiday counts twice: in its city's mean of holidays, and in its own.
grouped as (

    select
        city,
        case when is_holiday then 'all_holidays' else 'other_days' end as day_group,
        cast(null as {{ dbt.type_string() }}) as holiday_name,
        cast(null as boolean) as is_observed_holiday,
        date_day,
        row_count,
        incident_count

    from whole_days

    union all

    select
        city,
        'one_holiday' as day_group,
        holiday_name,
        is_observed_holiday,
        date_day,
        row_count,
        incident_count

    from whole_days
    where is_holiday

),

totals as (

    select
        city,
        day_group,
        holiday_name,
        is_observed_holiday,
        min(date_day) as first_date,
        max(date_day) as last_date,
        count(*) as day_count,
        cast(sum(row_count) as {{ dbt.type_bigint() }}) as row_count,
        cast(sum(incident_count) as {{ dbt.type_bigint() }}) as incident_count

    from grouped
    group by 1, 2, 3, 4

),

other_days as (

    select
        city,
        1.0 * incident_count / day_count as incidents_per_day

    from totals
    where day_group = 'other_days'

),

averaged as (

    select
        {{ key_of(['totals.city', 'totals.day_group']) }}
        || case
            when totals.is_observed_holiday
                then ':' || totals.holiday_name || ':observed'
            when totals.holiday_name is not null
                then ':' || totals.holiday_name || ':actual'
            else ''
        end as holiday_group_id,
        totals.city,
        totals.day_group,
        totals.holiday_name,
        totals.is_observed_holiday,
        totals.first_date,
        totals.last_date,
        totals.day_count,
        totals.row_count,
        totals.incident_count,
        {{ rounded('1.0 * totals.row_count / totals.day_count') }} as rows_per_day,
        {{ rounded('1.0 * totals.incident_count / totals.day_count') }}
            as incidents_per_day,
        -- The base: as many incidents as other days of that number have.
        case
            when totals.day_group <> 'other_days'
                then {{ difference_pct(
                    'totals.incident_count / totals.day_count',
                    'other_days.incidents_per_day',
                    base='totals.day_count * other_days.incidents_per_day'
                ) }}
        end as difference_pct

    from totals
    left join other_days on totals.city = other_days.city

)

select * from averaged
