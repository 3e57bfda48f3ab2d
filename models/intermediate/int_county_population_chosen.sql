with totals as (

    select
        *,
        substr(county_fips, 1, 2) as state_fips
    from {{ ref('int_county_population_dated') }}
    where is_total_age and year is not null

),

-- Editions overlap, and may draw other counties: a state's year comes from one file.
newest as (

    select
        state_fips,
        year,
        max(edition || ' ' || file_name) as edition_and_file
    from totals
    group by state_fips, year

),

chosen as (

    select totals.*
    from totals
    inner join newest
        on totals.state_fips = newest.state_fips
        and totals.year = newest.year
        and totals.edition || ' ' || totals.file_name = newest.edition_and_file

)

select * from chosen
