with holidays as (

    select * from {{ ref('holidays') }}

),

ranked as (

    select
        city,
        holiday_date,
        holiday_name,
        kind = 'observed' as is_observed_holiday,
        row_number() over (
            partition by city, holiday_date
            order by case kind when 'actual' then 1 else 2 end, holiday_name
        ) as row_position

    from holidays

),

first_of_day as (

    select
        {{ key_of(['city', 'holiday_date']) }} as holiday_id,
        city,
        holiday_date,
        holiday_name,
        is_observed_holiday

    from ranked
    where row_position = 1

)

select * from first_of_day
