with population as (

    select
        county_fips,
        year,
        sum(population) as population
    from {{ ref('dim_county_population') }}
    group by county_fips, year

),

labor as (

    select * from {{ ref('int_county_unemployment_years') }}

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
