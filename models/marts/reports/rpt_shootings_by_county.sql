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

-- The counties of a year are those whose population or unemployment is published for
-- it. The newspaper does not follow Puerto Rico.
places as (

    select
        counties.state_id,
        county_years.county_fips,
        county_years.year
    from county_years
    inner join counties on county_years.county_fips = counties.county_fips
    where counties.state_id <> 'PR'

    union distinct

    select
        state_id,
        county_fips,
        year
    from counted

),

filled as (

    select
        places.state_id,
        places.county_fips,
        years.year,
        years.is_partial_year,
        coalesce(counted.shooting_count, 0) as shooting_count,
        coalesce(counted.mental_illness_count, 0) as mental_illness_count,
        counted.mental_illness_known_count,
        {%- for way in ['city_and_county', 'county', 'city', 'city_is_county'] %}
        coalesce(counted.matched_by_{{ way }}_count, 0)
            as matched_by_{{ way }}_count
        {{- ',' if not loop.last }}
        {%- endfor %}

    from places
    inner join years on places.year = years.year
    left join counted
        on places.state_id = counted.state_id
        and places.county_fips is not distinct from counted.county_fips
        and places.year = counted.year

),

described as (

    select
        {{ key_of(['coalesce(filled.county_fips, filled.state_id)', 'filled.year']) }}
            as county_year_id,
        filled.county_fips,
        counties.county_name,
        filled.state_id,
        states.state_name,
        filled.year,
        filled.is_partial_year,
        filled.shooting_count,
        county_years.population,
        {{ per_million('filled.shooting_count', 'county_years.population') }}
            as rate_per_million,
        {{ is_small_number('filled.shooting_count') }} as is_small_number,
        {{ rounded('county_years.unemployment_rate', 1) }} as unemployment_rate,
        county_years.unemployment_month_count,
        filled.mental_illness_count,
        {{ percent_of(
            'filled.mental_illness_count', 'filled.mental_illness_known_count'
        ) }} as mental_illness_pct,
        filled.matched_by_city_and_county_count,
        filled.matched_by_county_count,
        filled.matched_by_city_count,
        filled.matched_by_city_is_county_count

    from filled
    left join states on filled.state_id = states.state_id
    left join counties on filled.county_fips = counties.county_fips
    left join county_years
        on filled.county_fips = county_years.county_fips
        and filled.year = county_years.year

)

select * from described
