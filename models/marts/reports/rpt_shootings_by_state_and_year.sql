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
        shooting_year,
        count(*) as shooting_count,
        count(case when is_mental_illness_related then 1 end) as mental_illness_count,
        count(is_mental_illness_related) as mental_illness_known_count,
        count(case when has_body_camera then 1 end) as body_camera_count,
        count(case when race_group = 'unknown' then 1 end) as race_unknown_count

    from shootings
    where shooting_year is not null
    group by 1, 2

),

years as (

    select distinct
        year,
        is_partial_year
    from days

),

-- The newspaper does not follow Puerto Rico.
places as (

    select state_id from states
    where state_id <> 'PR'
    union distinct
    select state_id from counted

),

state_counties as (

    select
        counties.state_id,
        county_years.*

    from county_years
    inner join counties on county_years.county_fips = counties.county_fips

),

residents as (

    select
        state_id,
        year,
        sum(population) as population

    from state_counties
    group by 1, 2

),

-- A county of which one number is not published would shift the rate.
workers as (

    select
        state_id,
        year,
        sum(unemployed) as unemployed,
        sum(labor_force) as labor_force,
        min(unemployment_month_count) as unemployment_month_count

    from state_counties
    where unemployed is not null and labor_force is not null
    group by 1, 2

),

filled as (

    select
        places.state_id,
        states.state_name,
        years.year,
        years.is_partial_year,
        coalesce(counted.shooting_count, 0) as shooting_count,
        cast(residents.population as {{ dbt.type_bigint() }}) as population,
        workers.unemployed,
        workers.labor_force,
        workers.unemployment_month_count,
        coalesce(counted.mental_illness_count, 0) as mental_illness_count,
        counted.mental_illness_known_count,
        coalesce(counted.body_camera_count, 0) as body_camera_count,
        coalesce(counted.race_unknown_count, 0) as race_unknown_count

    from places
    cross join years
    left join states on places.state_id = states.state_id
    left join counted
        on places.state_id = counted.state_id
        and years.year = counted.shooting_year
    left join residents
        on places.state_id = residents.state_id
        and years.year = residents.year
    left join workers
        on places.state_id = workers.state_id
        and years.year = workers.year

),

measured as (

    select
        {{ key_of(['state_id', 'year']) }} as state_year_id,
        state_id,
        state_name,
        year,
        is_partial_year,
        shooting_count,
        population,
        {{ per_million('shooting_count', 'population') }} as rate_per_million,
        {{ is_small_number('shooting_count') }} as is_small_number,
        {{ percent_of('unemployed', 'labor_force', decimals=1) }} as unemployment_rate,
        case
            when labor_force > 0 then unemployment_month_count
        end as unemployment_month_count,
        mental_illness_count,
        {{ percent_of('mental_illness_count', 'mental_illness_known_count') }}
            as mental_illness_pct,
        body_camera_count,
        race_unknown_count

    from filled

)

select * from measured
