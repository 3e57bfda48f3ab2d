with versions as (

    select * from {{ ref('base_census__county_population') }}

),

present as (

    select
        -- ids
        row_id,
        file_name,
        edition,
        county_fips,
        county_name,
        state_name,
        year_code,
        age_group,
        is_total_age,

        -- persons
        {{ population_columns() | join(',\n        ') }},

        -- the row itself
        has_unparsed_values,
        loaded_at

    from versions
    where removed_at is null

)

select * from present
