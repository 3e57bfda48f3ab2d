{% set races = ['wa', 'ba', 'ia', 'aa', 'na', 'tom'] -%}
{% set sexes = ['male', 'female'] -%}

with chosen as (

    select * from {{ ref('int_county_population_chosen') }}

),

-- A race's column is that of those who are not Hispanic, without its first letters.
races as (

    select
        race_group as race,
        substr(population_columns, 3) as race_column
    from {{ ref('race_groups') }}
    where population_columns like 'nh%'

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
        case (races.race_column || '_' || sexes.sex)
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
