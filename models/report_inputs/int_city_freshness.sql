with incidents as (

    select * from {{ ref('fct_incidents') }}

),

-- The log and the fact are read once for each use, in few columns: a warehouse keeps in
-- memory what is used twice.
additions as (

    select * from {{ ref('fct_incident_changes') }}
    where change = 'added'

),

loads as (

    select
        city,
        min(changed_date) as first_load_date,
        max(changed_date) as last_load_date

    from {{ ref('fct_incident_changes') }}
    where change = 'added'
    group by city

),

occurred_days as (

    select
        city,
        occurred_date,
        count(*) as row_count

    from {{ ref('fct_incidents') }}
    where occurred_date is not null
    group by city, occurred_date

),

days as (

    select * from {{ ref('int_incident_days') }}

),

cities as (

    select
        city,
        {{ run_day('time_zone') }} as today
    from {{ ref('cities') }}

),

covered as (

    select
        city,
        min(date_day) as first_day

    from days
    where is_covered
    group by city

),

-- A row may be dated tomorrow: clocks differ. No day that is yet to come is the newest.
published as (

    select
        incidents.city,
        max(
            case
                when incidents.occurred_date <= cities.today
                    then incidents.occurred_date
            end
        ) as newest_day,
        count(*) as row_count,
        count(case when incidents.is_counted then 1 end) as incident_count,
        max(incidents.loaded_at) as newest_loaded_at

    from incidents
    left join cities on incidents.city = cities.city
    group by incidents.city

),

-- The first load is history, and so is what came for days before the window.
recent as (

    select
        additions.incident_id,
        additions.city,
        additions.changed_at,
        additions.changed_date

    from additions
    inner join loads on additions.city = loads.city
    where
        additions.changed_date > loads.first_load_date
        and {{ dbt.datediff(
            'additions.changed_date', 'loads.last_load_date', 'day'
        ) }} < 90

),

-- A row is written with its entry, so that rows written before the first of these need
-- not be looked up.
recent_incidents as (

    select
        incident_id,
        occurred_date

    from {{ ref('fct_incidents') }}
    where
        occurred_date is not null
        and loaded_at >= (select min(changed_at) from recent)

),

added as (

    select
        recent.city,
        recent.changed_at,
        recent.changed_date,
        recent_incidents.occurred_date,
        count(*) as row_count

    from recent
    inner join recent_incidents on recent.incident_id = recent_incidents.incident_id
    group by 1, 2, 3, 4

),

recent_days as (

    select
        city,
        occurred_date,
        sum(row_count) as row_count

    from added
    group by city, occurred_date

),

-- The newest day that has rows besides the recent ones.
history as (

    select
        occurred_days.city,
        max(occurred_days.occurred_date) as newest_day

    from occurred_days
    left join recent_days
        on occurred_days.city = recent_days.city
        and occurred_days.occurred_date = recent_days.occurred_date
    where occurred_days.row_count > coalesce(recent_days.row_count, 0)
    group by occurred_days.city

),

-- What the newest day was when a row came: a city that withholds its last week, or
-- whose portal stood still, is not later than it is.
placed as (

    select
        added.city,
        added.changed_date,
        added.occurred_date,
        added.row_count,
        history.newest_day as newest_day_before,
        max(added.occurred_date) over (
            partition by added.city
            order by added.changed_at
            range between unbounded preceding and current row
        ) as newest_day_since

    from added
    left join history on added.city = history.city

),

newest as (

    select
        city,
        changed_date,
        occurred_date,
        row_count,
        case
            when newest_day_before > newest_day_since then newest_day_before
            else newest_day_since
        end as newest_day

    from placed

),

lags as (

    select
        city,
        changed_date,
        row_count,
        {{ dbt.datediff('occurred_date', 'newest_day', 'day') }} as lag_days

    from newest

),

recent_lags as (

    select * from lags where lag_days between 0 and 62

),

measured as (

    select
        city,
        cast(sum(row_count) as {{ dbt.type_bigint() }}) as lag_row_count,
        count(distinct changed_date) as lag_day_count

    from recent_lags
    group by city

),

by_lag as (

    select
        city,
        lag_days,
        sum(sum(row_count)) over (
            partition by city
            order by lag_days
            rows between unbounded preceding and current row
        ) as rows_so_far

    from recent_lags
    group by city, lag_days

),

usual as (

    select
        by_lag.city,
        min(by_lag.lag_days) as lag_days

    from by_lag
    inner join measured on by_lag.city = measured.city
    where 10 * by_lag.rows_so_far >= 9 * measured.lag_row_count
    group by by_lag.city

),

figures as (

    select
        published.city,
        covered.first_day,
        published.newest_day,
        coalesce(measured.lag_row_count, 0) as lag_row_count,
        coalesce(measured.lag_day_count, 0) >= 7
        and coalesce(measured.lag_row_count, 0) >= 100 as is_lag_measured,
        usual.lag_days,
        published.row_count,
        published.incident_count,
        published.newest_loaded_at

    from published
    left join covered on published.city = covered.city
    left join measured on published.city = measured.city
    left join usual on published.city = usual.city

),

judged as (

    select
        *,
        case
            when is_lag_measured then greatest(1, lag_days) else 7
        end as provisional_day_count

    from figures

),

finished as (

    select
        city,
        first_day,
        newest_day,
        cast(
            {{ dbt.dateadd('day', '-1 * provisional_day_count', 'newest_day') }}
            as date
        ) as complete_through,
        provisional_day_count,
        is_lag_measured,
        lag_row_count,
        row_count,
        incident_count,
        newest_loaded_at

    from judged

)

select * from finished
