with changes as (

    select * from {{ ref('fct_incident_changes') }}
    where has_values

),

incidents as (

    select * from {{ ref('fct_incidents') }}

),

reclassified as (

    select
        city,
        cast({{ dbt.date_trunc('month', 'changed_date') }} as date) as month_start,
        coalesce(incident_category_before, 'Unknown') as incident_category_before,
        coalesce(incident_category_after, 'Unknown') as incident_category_after,
        incident_id,
        min(changed_date) as changed_date

    from changes
    where incident_category_before is distinct from incident_category_after
    group by 1, 2, 3, 4, 5

),

aged as (

    select
        reclassified.city,
        reclassified.month_start,
        reclassified.incident_category_before,
        reclassified.incident_category_after,
        incidents.is_counted,
        {{ dbt.datediff(
            'incidents.occurred_date', 'reclassified.changed_date', 'day'
        ) }} as age_days

    from reclassified
    inner join incidents on reclassified.incident_id = incidents.incident_id

),

counted as (

    select
        {{ key_of([
            'city', 'month_start', 'incident_category_before', 'incident_category_after'
        ]) }} as city_month_categories_id,
        city,
        month_start,
        incident_category_before,
        incident_category_after,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count,
        {{ rounded('1.0 * sum(age_days) / count(age_days)') }} as mean_age_days

    from aged
    group by 1, 2, 3, 4, 5

)

select * from counted
