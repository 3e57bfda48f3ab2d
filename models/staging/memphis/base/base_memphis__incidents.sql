{{ config(enabled=is_chosen('memphis')) }}

with source as (

    select * from {{ source('memphis', 'incidents_versions') }}

),

parsed as (

    select
        *,
        {{ local_from_epoch_ms('offense_datetime', 'America/Chicago') }}
            as occurred_at_local,
        -- A missing place is published as 0,0.
        nullif({{ as_degrees('latitude', 90) }}, 0) as latitude_degrees,
        nullif({{ as_degrees('longitude', 180) }}, 0) as longitude_degrees

    from source

),

renamed as (

    select
        -- ids
        'memphis' as city,
        row_id,
        {{ clean_text('crime_id') }} as incident_number,
        {{ clean_text('crime_id') }} as counting_id,

        -- times
        occurred_at_local,
        cast(occurred_at_local as date) as occurred_date,
        cast(null as {{ type_local_timestamp() }}) as reported_at_local,
        cast(null as date) as report_date,

        -- what
        {{ clean_text('ucr_category') }} as incident_category,
        {{ clean_text('nibrs_offense_group') }} as incident_subcategory,
        {{ clean_text('ucr_description') }} as incident_description,
        -- Held rows may lack the code, and one row has another than NIBRS's.
        coalesce(
            {{ nibrs_code('ucr_incident_code') }}, {{ clean_text('ucr_category') }}
        ) as offense_code,
        {{ clean_text('ucr_incident_code') }} as published_offense_code,
        {{ clean_text('nibrs_group') }} as nibrs_group,
        cast(null as {{ dbt.type_string() }}) as report_type,
        cast(null as {{ dbt.type_string() }}) as resolution,
        cast(null as {{ dbt.type_string() }}) as filing_status,
        false as is_supplement,
        cast(null as boolean) as is_arrest,
        cast(null as boolean) as is_domestic,

        -- where
        case
            when upper({{ trimmed('city') }}) in ('MEMPHIS', 'M') then 'Memphis'
            else {{ clean_text('city') }}
        end as reported_city,
        {{ clean_text('precinct') }} as police_district,
        {{ whole_number_code('ward') }} as beat,
        cast(null as {{ dbt.type_string() }}) as council_district,
        cast(null as {{ dbt.type_string() }}) as present_council_district,
        cast(null as {{ dbt.type_string() }}) as neighborhood,
        {{ clean_text('street_address') }} as place,
        cast(null as {{ dbt.type_string() }}) as location_kind,
        {{ coordinates() }},

        -- the row itself
        {{ is_unparsed('offense_datetime', 'occurred_at_local') }}
        or {{ is_unparsed('latitude', as_degrees('latitude', 90)) }}
        or {{ is_unparsed('longitude', as_degrees('longitude', 180)) }}
            as has_unparsed_values,
        loaded_at,
        removed_at,
        window_month,
        replaced_at

    from parsed

)

select * from renamed
