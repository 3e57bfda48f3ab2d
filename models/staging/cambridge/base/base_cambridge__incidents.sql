{{ config(enabled=is_chosen('cambridge')) }}

with source as (

    select * from {{ source('cambridge', 'incidents_versions') }}

),

parsed as (

    select
        *,
        {{ as_local_timestamp('date_time') }} as occurred_at_local,
        {{ as_local_timestamp('last_updated') }} as updated_at_local,
        {{ clean_text('subtype') }} as offense

    from source

),

renamed as (

    select
        -- ids
        'cambridge' as city,
        row_id,
        {{ clean_text('id') }} as incident_number,
        {{ clean_text('id') }} as counting_id,

        -- times
        occurred_at_local,
        cast(occurred_at_local as date) as occurred_date,
        cast(null as {{ type_local_timestamp() }}) as reported_at_local,
        cast(null as date) as report_date,
        updated_at_local,

        -- what
        {{ clean_text('type') }} as incident_category,
        offense as incident_subcategory,
        cast(null as {{ dbt.type_string() }}) as incident_description,
        regexp_replace(upper(offense), ' +C[0-9]+[A-Z]* S ?[0-9].*$', '')
            as offense_code,
        {{ text_matching('upper(offense)', 'C[0-9]+[A-Z]* S ?[0-9].*$') }}
            as published_offense_code,
        cast(null as {{ dbt.type_string() }}) as report_type,
        cast(null as {{ dbt.type_string() }}) as resolution,
        cast(null as {{ dbt.type_string() }}) as filing_status,
        false as is_supplement,
        upper({{ trimmed('type') }}) = 'ARREST' as is_arrest,
        cast(null as boolean) as is_domestic,

        -- where
        cast(null as {{ dbt.type_string() }}) as reported_city,
        cast(null as {{ dbt.type_string() }}) as police_district,
        cast(null as {{ dbt.type_string() }}) as beat,
        cast(null as {{ dbt.type_string() }}) as council_district,
        cast(null as {{ dbt.type_string() }}) as present_council_district,
        cast(null as {{ dbt.type_string() }}) as neighborhood,
        -- The account that may follow, or stand in its place, was cut off when read.
        {{ clean_text('location') }} as place,
        cast(null as {{ dbt.type_string() }}) as location_kind,
        cast(null as {{ type_double() }}) as latitude,
        cast(null as {{ type_double() }}) as longitude,
        cast(null as {{ dbt.type_string() }}) as coordinates,

        -- the row itself
        {{ is_unparsed('date_time', 'occurred_at_local') }}
        or {{ is_unparsed('last_updated', 'updated_at_local') }}
        or coalesce(location = '', false) as has_unparsed_values,
        loaded_at,
        removed_at,
        window_month,
        replaced_at

    from parsed

)

select * from renamed
