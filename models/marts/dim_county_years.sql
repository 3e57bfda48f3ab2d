with population as (

    select
        county_fips,
        year,
        sum(population) as population
    from {{ ref('dim_county_population') }}
    group by county_fips, year

),

unemployment as (

    select
        *,
        -- A year may be in two files, as published and in a copy.
        row_number() over (
            partition by county_fips, year
            order by loaded_at desc, file_name
        ) as file_rank

    from {{ ref('stg_bls__county_unemployment') }}
    where
        removed_at is null
        and replaced_at is null
        and year is not null

),

unemployment_years as (

    select * from {{ ref('unemployment_years') }}

),

labor as (

    select
        unemployment.*,
        coalesce(unemployment_years.month_count, 12) as month_count

    from unemployment
    left join unemployment_years on unemployment.year = unemployment_years.year
    where unemployment.file_rank = 1

),

county_years as (

    select county_fips, year from population
    union distinct
    select county_fips, year from labor

),

joined as (

    select
        county_years.county_fips,
        county_years.year,
        cast(population.population as {{ dbt.type_int() }}) as population,
        labor.labor_force,
        labor.unemployed,
        labor.unemployment_rate,
        case
            when labor.unemployment_rate is not null then labor.month_count
        end as unemployment_month_count

    from county_years
    left join population
        on county_years.county_fips = population.county_fips
        and county_years.year = population.year
    left join labor
        on county_years.county_fips = labor.county_fips
        and county_years.year = labor.year

)

select * from joined
