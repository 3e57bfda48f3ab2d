{% set races = ['wa', 'ba', 'ia', 'aa', 'na', 'tom'] -%}
{% set sexes = ['male', 'female'] -%}

with totals as (

    select
        edition,
        file_name,
        county_fips,
        substr(county_fips, 1, 2) as state_fips,
        year,
        {% for race in races -%}
        {% for sex in sexes -%}
        {{ race }}_{{ sex }},
        nh{{ race }}_{{ sex }}
        {{- ',' if not loop.last }}
        {% endfor -%}
        {{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_census__county_population') }}
    where
        is_total_age
        and year is not null
        and removed_at is null
        and replaced_at is null

),

-- A race's column is that of those who are not Hispanic, without its first letters.
races as (

    select
        race_group as race,
        substr(population_columns, 3) as race_column
    from {{ ref('race_groups') }}
    where population_columns like 'nh%'

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

origins as (

    select true as is_hispanic
    union all
    select false as is_hispanic

),

counted as (

    select
        chosen.county_fips,
        chosen.year,
        sexes.sex,
        races.race,
        origins.is_hispanic,
        case
            when origins.is_hispanic then 'hispanic' else races.race
        end as race_group,
        -- Hispanics of a race are all of it but those who are not Hispanic.
        case races.race_column || '_' || sexes.sex
            {%- for race in races %}
            {%- for sex in sexes %}
            when '{{ race }}_{{ sex }}'
                then case
                    when origins.is_hispanic
                        then chosen.{{ race }}_{{ sex }} - chosen.nh{{ race }}_{{ sex }}
                    else chosen.nh{{ race }}_{{ sex }}
                end
            {%- endfor %}
            {%- endfor %}
        end as population

    from chosen
    cross join sexes
    cross join races
    cross join origins

)

select * from counted
