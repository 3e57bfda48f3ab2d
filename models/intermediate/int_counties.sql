{{ config(materialized='table') }}

with population as (

    select * from {{ ref('int_county_population_chosen') }}

),

census as (

    select
        edition,
        year,
        county_fips,
        county_name
    from {{ ref('int_county_population_dated') }}
    where is_total_age and year is not null

),

unemployment as (

    select * from {{ ref('stg_bls__county_unemployment') }}

),

cities as (

    select * from {{ ref('stg_simplemaps__cities') }}

),

states as (

    select * from {{ ref('us_states') }}

),

names as (

    select
        county_fips,
        county_name,
        1 as source_rank,
        edition || ' ' || cast(year as {{ dbt.type_string() }}) as version
    from census

    union all

    select
        county_fips,
        county_name,
        2 as source_rank,
        cast(year as {{ dbt.type_string() }}) as version
    from unemployment

    union all

    select
        county_fips,
        county_name,
        3 as source_rank,
        cast(null as {{ dbt.type_string() }}) as version
    from cities

),

ranked as (

    select
        county_fips,
        county_name,
        row_number() over (
            partition by county_fips
            order by source_rank, version desc, county_name
        ) as name_rank

    from names
    where county_fips is not null

),

named as (

    select
        county_fips,
        county_name,
        {{ county_kind('county_name') }} as named_kind,
        {{ without_county_kind('county_name') }} as bare_name,
        substr(county_fips, 1, 2) as state_fips

    from ranked
    where name_rank = 1

),

years as (

    select
        county_fips,
        min(year) as first_year,
        max(year) as last_year
    from population
    group by county_fips

),

final as (

    select
        named.county_fips,
        named.county_name,
        -- Codes of independent cities begin at 510.
        case
            when substr(named.county_fips, 3) >= '510' then 'city'
            else named.named_kind
        end as county_kind,
        named.bare_name,
        states.state_id,
        named.state_fips,
        states.state_name,
        years.first_year,
        years.last_year

    from named
    left join states on named.state_fips = states.state_fips
    left join years on named.county_fips = years.county_fips

)

select * from final
