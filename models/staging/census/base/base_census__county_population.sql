-- The one base that is kept: a million rows of numbers change once a year. So it has no
-- former versions.
{{
    config(
        materialized='incremental',
        unique_key='row_id',
        on_schema_change='fail',
    )
}}

{% set counts = population_columns() -%}

with source as (

    select * from {{ source('census', 'county_population') }}
    {% if is_incremental() -%}
    where
        loaded_at > (
            select
                coalesce(
                    max(loaded_at), cast('1970-01-01' as {{ type_instant() }})
                )
            from {{ this }}
        )
    {%- endif %}

),

coded as (

    select
        *,
        {{ text_matching('lower(file_name)', '(?:cc-est[0-9]+|co-est00int)') }}
            as edition,
        {{ as_whole_number('year') }} as year_code,
        {{ as_whole_number('agegrp') }} as age_group

    from source

),

parsed as (

    select
        row_id,
        file_name,
        edition,
        year_code,
        age_group,
        {% for name in counts -%}
        {{ name }} as {{ name }}_text,
        {{ as_whole_number(name) }} as {{ name }},
        {% endfor -%}
        {{ county_fips('state', 'county') }} as county_fips,
        {{ clean_text('stname') }} as state_name,
        {{ clean_text('ctyname') }} as county_name,
        loaded_at,
        removed_at

    from coded

),

renamed as (

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
        -- In the intercensal file of 2000 to 2010 group 0 is the infants.
        coalesce(
            age_group = 99 or (age_group = 0 and edition <> 'co-est00int'), false
        ) as is_total_age,

        -- persons
        {{ counts | join(',\n        ') }},

        -- the row itself
        removed_at is null and (
            year_code is null
            or age_group is null
            {%- for name in counts %}
            or {{ is_unparsed_number(name ~ '_text', name) }}
            {%- endfor %}
        ) as has_unparsed_values,
        loaded_at,
        removed_at

    from parsed

)

select * from renamed
