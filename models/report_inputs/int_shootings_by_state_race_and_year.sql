with shootings as (

    select * from {{ ref('fct_shootings') }}

),

days as (

    select * from {{ ref('int_shooting_days') }}

),

states as (

    select * from {{ ref('us_states') }}

),

race_groups as (

    select * from {{ ref('race_groups') }}

),

counties as (

    select * from {{ ref('dim_counties') }}

),

county_population as (

    select * from {{ ref('dim_county_population') }}

),

counted as (

    select
        coalesce(state_id, 'Unknown') as state_id,
        shooting_year,
        race_group,
        count(*) as shooting_count

    from shootings
    where shooting_year is not null
    group by 1, 2, 3

),

residents as (

    select
        counties.state_id,
        county_population.year,
        county_population.race_group,
        sum(county_population.population) as population

    from county_population
    inner join counties on county_population.county_fips = counties.county_fips
    group by 1, 2, 3

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

filled as (

    select
        places.state_id,
        years.year,
        years.is_partial_year,
        race_groups.race_group,
        race_groups.label as race_group_label,
        -- The newspaper counts them among others: no number, rather than zero.
        case
            when race_groups.race_group <> 'pacific_islander'
                then coalesce(counted.shooting_count, 0)
        end as shooting_count,
        residents.population

    from places
    cross join years
    cross join race_groups
    left join counted
        on places.state_id = counted.state_id
        and years.year = counted.shooting_year
        and race_groups.race_group = counted.race_group
    left join residents
        on places.state_id = residents.state_id
        and years.year = residents.year
        and race_groups.race_group = residents.race_group

),

totals as (

    select
        state_id,
        year,
        is_partial_year,
        'all' as race_group,
        'All races' as race_group_label,
        sum(shooting_count) as shooting_count,
        sum(population) as population

    from filled
    group by 1, 2, 3

),

grouped as (

    select * from filled
    union all
    select * from totals

),

compared as (

    select
        *,
        max(case when race_group = 'all' then shooting_count end) over (
            partition by state_id, year
        ) as year_count,
        max(case when race_group = 'unknown' then shooting_count end) over (
            partition by state_id, year
        ) as race_unknown_count

    from grouped

),

measured as (

    select
        {{ key_of(['compared.state_id', 'compared.year', 'compared.race_group']) }}
            as state_year_race_id,
        compared.state_id,
        states.state_name,
        compared.year,
        compared.is_partial_year,
        compared.race_group,
        compared.race_group_label,
        cast(compared.shooting_count as {{ dbt.type_bigint() }}) as shooting_count,
        {{ percent_of('compared.shooting_count', 'compared.year_count') }}
            as shooting_pct,
        cast(compared.population as {{ dbt.type_bigint() }}) as population,
        {{ per_million('compared.shooting_count', 'compared.population') }}
            as rate_per_million,
        {{ is_small_number('compared.shooting_count') }} as is_small_number,
        {{ percent_of('compared.race_unknown_count', 'compared.year_count') }}
            as race_unknown_pct

    from compared
    left join states on compared.state_id = states.state_id

)

select * from measured
