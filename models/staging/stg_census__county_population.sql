-- The one staging model that joins (the year is a code, and other editions use it for
-- other years) and that is kept: a million rows of numbers change once a year. So it has
-- no former versions.
{{
    config(
        materialized='incremental',
        unique_key='row_id',
        on_schema_change='fail',
    )
}}

{% set counts = ['tot_pop', 'tot_male', 'tot_female'] -%}
{% for group in [
    'wa', 'ba', 'ia', 'aa', 'na', 'tom',
    'nhwa', 'nhba', 'nhia', 'nhaa', 'nhna', 'nhtom', 'h',
] -%}
{% do counts.extend([group ~ '_male', group ~ '_female']) -%}
{% endfor -%}

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

population_years as (

    select * from {{ ref('population_years') }}

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
        coded.row_id,
        coded.file_name,
        coded.edition,
        coded.year_code,
        coded.age_group,
        {% for name in counts -%}
        coded.{{ name }} as {{ name }}_text,
        {{ as_whole_number('coded.' ~ name) }} as {{ name }},
        {% endfor -%}
        population_years.year,
        {{ county_fips('coded.state', 'coded.county') }} as county_fips,
        {{ clean_text('coded.stname') }} as state_name,
        {{ clean_text('coded.ctyname') }} as county_name,
        coded.loaded_at,
        coded.removed_at

    from coded
    left join population_years
        on coded.edition = population_years.edition
        and coded.year_code = population_years.year_code

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
        year,
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
        removed_at,
        cast(null as {{ type_instant() }}) as replaced_at

    from parsed

)

select * from renamed
