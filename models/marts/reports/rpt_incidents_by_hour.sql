with incidents as (

    select * from {{ ref('fct_incidents') }}

),

counted as (

    select
        city,
        hour_of_day,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count

    from incidents
    group by city, hour_of_day

),

cities as (

    select distinct city from counted

),

hours as (

    {% for hour in range(24) -%}
    select {{ hour }} as hour_of_day
    {% if not loop.last -%}
    union all
    {% endif %}
    {%- endfor %}

),

filled as (

    select
        {{ key_of(['cities.city', 'hours.hour_of_day']) }} as city_hour_id,
        cities.city,
        hours.hour_of_day,
        coalesce(counted.row_count, 0) as row_count,
        coalesce(counted.incident_count, 0) as incident_count

    from cities
    cross join hours
    left join counted
        on cities.city = counted.city
        and hours.hour_of_day = counted.hour_of_day

)

select * from filled
