with state_rows as (

    select * from {{ ref('int_shootings_by_state_race_and_year') }}

),

-- Shootings of a state without a population would count in rates of the others.
uncovered_years as (

    select distinct year from state_rows
    where
        race_group = 'all'
        and shooting_count > 0
        and population is null
        and state_name is not null
        and state_id <> 'PR'

),

counted as (

    select
        year,
        is_partial_year,
        race_group,
        race_group_label,
        sum(shooting_count) as shooting_count,
        sum(population) as published_population

    from state_rows
    group by 1, 2, 3, 4

),

compared as (

    select
        counted.year,
        counted.is_partial_year,
        counted.race_group,
        counted.race_group_label,
        counted.shooting_count,
        case
            when uncovered_years.year is null then counted.published_population
        end as population,
        max(case when counted.race_group = 'all' then counted.shooting_count end) over (
            partition by counted.year
        ) as year_count,
        max(case when counted.race_group = 'unknown' then counted.shooting_count end)
            over (partition by counted.year) as race_unknown_count

    from counted
    left join uncovered_years on counted.year = uncovered_years.year

),

measured as (

    select
        {{ key_of(['year', 'race_group']) }} as year_race_id,
        year,
        is_partial_year,
        race_group,
        race_group_label,
        cast(shooting_count as {{ dbt.type_bigint() }}) as shooting_count,
        {{ percent_of('shooting_count', 'year_count') }} as shooting_pct,
        cast(population as {{ dbt.type_bigint() }}) as population,
        {{ per_million('shooting_count', 'population') }} as rate_per_million,
        {{ is_small_number('shooting_count') }} as is_small_number,
        {{ percent_of('race_unknown_count', 'year_count') }} as race_unknown_pct

    from compared

)

select * from measured
