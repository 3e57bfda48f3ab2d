with unemployment as (

    select
        *,
        -- A year may be in two files, as published and in a copy.
        row_number() over (
            partition by county_fips, year
            order by loaded_at desc, file_name
        ) as file_rank

    from {{ ref('stg_bls__county_unemployment') }}
    where year is not null

),

unemployment_years as (

    select * from {{ ref('unemployment_years') }}

),

labor as (

    select
        unemployment.county_fips,
        unemployment.year,
        unemployment.labor_force,
        unemployment.unemployed,
        unemployment.unemployment_rate,
        coalesce(unemployment_years.month_count, 12) as month_count

    from unemployment
    left join unemployment_years on unemployment.year = unemployment_years.year
    where unemployment.file_rank = 1

)

select * from labor
