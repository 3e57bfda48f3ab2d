with source as (

    select * from {{ source('bls', 'county_unemployment') }}
    where removed_at is null

),

named as (

    select
        *,
        -- "laucnty16.xlsx"; the series begins in 1990.
        {{ as_whole_number(
            "substr(" ~ text_matching('lower(file_name)', 'laucnty[0-9][0-9]') ~ ", 8)"
        ) }} as file_year

    from source

),

parsed as (

    select
        *,
        coalesce(
            -- A footnote may follow: "2025 (1)".
            {{ as_whole_number(text_matching('year', '^ *[0-9][0-9][0-9][0-9]')) }},
            file_year + case when file_year < 90 then 2000 else 1900 end
        ) as year_number,
        {{ as_whole_number('labor_force') }} as labor_force_count,
        {{ as_whole_number('employed') }} as employed_count,
        {{ as_whole_number('unemployed') }} as unemployed_count,
        {{ as_number(published_number('unemployment_rate')) }} as published_rate

    from named

),

renamed as (

    select
        -- ids
        row_id,
        file_name,
        {{ county_fips('state_fips', 'county_fips') }} as county_fips,
        {{ trimmed(replace_all('county', ', *[A-Z][A-Z] *$', '')) }} as county_name,
        {{ text_matching(clean_text('county'), '[A-Z][A-Z]$') }} as state_id,
        year_number as year,

        -- persons
        labor_force_count as labor_force,
        employed_count as employed,
        unemployed_count as unemployed,
        cast(
            {{ rounded(
                'coalesce(published_rate,'
                ~ ' 100.0 * unemployed_count / nullif(labor_force_count, 0))',
                1
            ) }} as {{ type_double() }}
        ) as unemployment_rate,

        -- the row itself
        year_number is null
        or {{ is_unparsed_number('labor_force', 'labor_force_count') }}
        or {{ is_unparsed_number('employed', 'employed_count') }}
        or {{ is_unparsed_number('unemployed', 'unemployed_count') }}
        or {{ is_unparsed_number('unemployment_rate', 'published_rate') }}
            as has_unparsed_values,
        loaded_at

    from parsed

)

select * from renamed
