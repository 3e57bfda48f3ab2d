{{ config(materialized='table') }}

{% set sexes = ['male', 'female'] -%}
{% set columns = [] -%}
{% for group in ['nhwa', 'nhba', 'nhia', 'nhaa', 'nhna', 'nhtom', 'h'] -%}
{% for sex in sexes -%}
{% do columns.append(group ~ '_' ~ sex) -%}
{% endfor -%}
{% endfor -%}

with totals as (

    select
        edition,
        file_name,
        county_fips,
        substr(county_fips, 1, 2) as state_fips,
        year,
        {{ columns | join(',\n        ') }}

    from {{ ref('stg_census__county_population') }}
    where
        is_total_age
        and year is not null
        and removed_at is null
        and replaced_at is null

),

race_groups as (

    select * from {{ ref('race_groups') }}
    where population_columns is not null

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

),

sexes as (

    {% for sex in sexes -%}
    select '{{ sex }}' as sex
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

by_group as (

    select
        chosen.county_fips,
        chosen.year,
        sexes.sex,
        race_groups.race_group,
        case race_groups.population_columns || '_' || sexes.sex
            {%- for column in columns %}
            when '{{ column }}' then chosen.{{ column }}
            {%- endfor %}
        end as population

    from chosen
    cross join sexes
    cross join race_groups

)

select * from by_group
