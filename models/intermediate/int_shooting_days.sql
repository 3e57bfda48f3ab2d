with shootings as (

    select * from {{ ref('fct_shootings') }}

),

spans as (

    select
        cast({{ dbt.date_trunc('year', 'min(shooting_date)') }} as date) as first_day,
        max(shooting_date) as last_day

    from shootings
    having count(shooting_date) > 0

),

days as (

    {{ days_between('spans', 'last_day', 'first_day', 'last_day') }}

),

described as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as year,
        {{ day_of_year('date_day') }} as day_of_year,
        {{ dbt.last_day('date_day', 'year') }} > last_day as is_partial_year

    from days

)

select * from described
