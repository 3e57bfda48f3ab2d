with population as (

    select * from {{ ref('stg_census__county_population') }}

),

population_years as (

    select * from {{ ref('population_years') }}

),

dated as (

    select
        population.*,
        population_years.year

    from population
    left join population_years
        on population.edition = population_years.edition
        and population.year_code = population_years.year_code

)

select * from dated
