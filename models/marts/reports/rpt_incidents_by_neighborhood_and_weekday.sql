with incidents as (

    select * from {{ ref('fct_incidents') }}

),

counted as (

    select
        city,
        coalesce(neighborhood, 'Unknown') as neighborhood,
        day_of_week_iso,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count

    from incidents
    where occurred_date is not null
    group by 1, 2, 3

),

neighborhoods as (

    select distinct
        city,
        neighborhood
    from counted

),

weekdays as (

    {% for weekday in [
        'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'
    ] -%}
    select
        {{ loop.index }} as day_of_week_iso,
        '{{ weekday }}' as day_of_week_name
    {% if not loop.last -%}
    union all
    {% endif %}
    {%- endfor %}

),

filled as (

    select
        {{ key_of([
            'neighborhoods.city',
            'neighborhoods.neighborhood',
            'weekdays.day_of_week_iso',
        ]) }} as city_neighborhood_weekday_id,
        neighborhoods.city,
        neighborhoods.neighborhood,
        weekdays.day_of_week_iso,
        weekdays.day_of_week_name,
        coalesce(counted.row_count, 0) as row_count,
        coalesce(counted.incident_count, 0) as incident_count

    from neighborhoods
    cross join weekdays
    left join counted
        on neighborhoods.city = counted.city
        and neighborhoods.neighborhood = counted.neighborhood
        and weekdays.day_of_week_iso = counted.day_of_week_iso

)

select * from filled
