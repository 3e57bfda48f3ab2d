with shootings as (

    select * from {{ ref('fct_shootings') }}

),

days as (

    select * from {{ ref('int_shooting_days') }}

),

states as (

    select * from {{ ref('us_states') }}

),

counties as (

    select * from {{ ref('dim_counties') }}

),

county_years as (

    select * from {{ ref('dim_county_years') }}

),

counted as (

    select
        coalesce(state_id, 'Unknown') as state_id,
        county_fips,
        shooting_year as year,
        count(*) as shooting_count,
        count(case when is_mental_illness_related then 1 end) as mental_illness_count,
        count(is_mental_illness_related) as mental_illness_known_count,
        count(case when county_match = 'city_and_county' then 1 end)
            as matched_by_city_and_county_count,
        count(case when county_match = 'county' then 1 end) as matched_by_county_count,
        count(case when county_match = 'city' then 1 end) as matched_by_city_count,
        count(case when county_match = 'city_is_county' then 1 end)
            as matched_by_city_is_county_count

    from shootings
    where shooting_year is not null
    group by 1, 2, 3

),

years as (

    select distinct
        year,
        is_partial_year
    from days

),

described as (

    select
        coalesce(counted.county_fips, counted.state_id)
        || ':'
        || cast(counted.year as {{ dbt.type_string() }}) as county_year_id,
        counted.county_fips,
        counties.county_name,
        counted.state_id,
        states.state_name,
        counted.year,
        years.is_partial_year,
        counted.shooting_count,
        county_years.population,
        {{ per_million('counted.shooting_count', 'county_years.population') }}
            as rate_per_million,
        {{ is_small_number('counted.shooting_count') }} as is_small_number,
        round(
            cast(county_years.unemployment_rate as {{ dbt.type_numeric() }}), 1
        ) as unemployment_rate,
        county_years.unemployment_month_count,
        counted.mental_illness_count,
        {{ percent_of(
            'counted.mental_illness_count', 'counted.mental_illness_known_count'
        ) }} as mental_illness_pct,
        counted.matched_by_city_and_county_count,
        counted.matched_by_county_count,
        counted.matched_by_city_count,
        counted.matched_by_city_is_county_count

    from counted
    inner join years on counted.year = years.year
    left join states on counted.state_id = states.state_id
    left join counties on counted.county_fips = counties.county_fips
    left join county_years
        on counted.county_fips = county_years.county_fips
        and counted.year = county_years.year

)

select * from described
