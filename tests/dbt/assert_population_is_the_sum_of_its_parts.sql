-- Of each county and year: both sexes, the races of each sex with and without regard to
-- Hispanic origin, the age groups and the rows of the mart make up the total. Else a
-- column is another than its header says, and every rate is wrong.
{% set sums = [] -%}
{% for sex in ['male', 'female'] -%}
{% for groups in [
    ['wa', 'ba', 'ia', 'aa', 'na', 'tom'],
    ['nhwa', 'nhba', 'nhia', 'nhaa', 'nhna', 'nhtom', 'h'],
] -%}
{% set parts = [] -%}
{% for group in groups -%}
{% do parts.append(group ~ '_' ~ sex) -%}
{% endfor -%}
{% do sums.append((parts | join(' + '), 'tot_' ~ sex)) -%}
{% endfor -%}
{% endfor -%}

with present as (

    select * from {{ ref('int_county_population_dated') }}

),

sexes_and_races as (

    select
        row_id,
        'sexes and races' as parts
    from present
    where
        is_total_age
        and (
            tot_male + tot_female <> tot_pop
            {%- for parts, total in sums %}
            or {{ parts }} <> {{ total }}
            {%- endfor %}
        )

),

ages as (

    select
        file_name,
        county_fips,
        year_code,
        sum(case when is_total_age then tot_pop end) as total,
        sum(case when not is_total_age then tot_pop end) as sum_of_ages
    from present
    group by file_name, county_fips, year_code

),

-- A file cut down to all ages has no groups to add up.
age_groups as (

    select
        file_name || ' ' || county_fips as row_id,
        'age groups' as parts
    from ages
    where sum_of_ages is not null and (total is null or sum_of_ages <> total)

),

groups as (

    select
        county_fips as row_id,
        'race groups' as parts
    from {{ ref('dim_county_population') }}
    where population is null or population < 0

),

sums as (

    select
        county_fips,
        year,
        sum(population) as population
    from {{ ref('dim_county_population') }}
    group by county_fips, year

),

-- Of a county and year that several editions have, the total of one.
mart as (

    select
        sums.county_fips as row_id,
        'rows of the mart' as parts
    from sums
    left join present
        on sums.county_fips = present.county_fips
        and sums.year = present.year
        and sums.population = present.tot_pop
        and present.is_total_age
    where present.county_fips is null

)

select * from sexes_and_races
union all
select * from age_groups
union all
select * from groups
union all
select * from mart
