{{ config(enabled=is_chosen('chicago')) }}

with source as (

    select * from {{ source('chicago', 'recent_incidents') }}
    where removed_at is null

),

parsed as (

    select
        *,
        {{ clean_text('case_') }} as case_number,
        {{ zero_padded('_iucr', 4) }} as published_offense_code,
        -- sic
        {{ clean_text('_primary_decsription') }} as primary_description,
        {{ clean_text('_secondary_description') }} as secondary_description,
        {{ clean_text('_location_description') }} as location_kind,
        {{ clean_text('fbi_cd') }} as fbi_code,
        {{ zero_padded('beat', 4) }} as beat_code,
        {{ as_local_timestamp('date_of_occurrence') }} as occurred_at_local,
        {{ as_degrees('latitude', 90) }} as latitude_degrees,
        {{ as_degrees('longitude', 180) }} as longitude_degrees

    from source

),

renamed as (

    select
        -- ids
        'chicago' as city,
        row_id,
        case_number as incident_number,
        -- The city counts a murder per victim, so each row is an incident.
        row_id as counting_id,

        -- times
        occurred_at_local,
        cast(occurred_at_local as date) as occurred_date,
        cast(null as {{ type_local_timestamp() }}) as reported_at_local,
        cast(null as date) as report_date,

        -- what
        primary_description as incident_category,
        cast(null as {{ dbt.type_string() }}) as incident_subcategory,
        secondary_description as incident_description,
        fbi_code as offense_code,
        published_offense_code,
        cast(null as {{ dbt.type_string() }}) as report_type,
        cast(null as {{ dbt.type_string() }}) as resolution,
        cast(null as {{ dbt.type_string() }}) as filing_status,
        false as is_supplement,
        {{ as_boolean('arrest') }} as is_arrest,
        {{ as_boolean('domestic') }} as is_domestic,

        -- where; a district is the first two of its beats' four digits
        cast(null as {{ dbt.type_string() }}) as reported_city,
        lpad(substring(beat_code, 1, 2), 3, '0') as police_district,
        beat_code as beat,
        {{ whole_number_code('ward') }} as council_district,
        {{ whole_number_code('ward') }} as present_council_district,
        cast(null as {{ dbt.type_string() }}) as neighborhood,
        {{ clean_text('block') }} as place,
        location_kind,
        {{ as_number('x_coordinate') }} as x_coordinate,
        {{ as_number('y_coordinate') }} as y_coordinate,
        {{ coordinates() }},

        -- the row itself
        {{ is_unparsed('date_of_occurrence', 'occurred_at_local') }}
        or {{ is_unparsed('latitude', 'latitude_degrees') }}
        or {{ is_unparsed('longitude', 'longitude_degrees') }} as has_unparsed_values,
        loaded_at

    from parsed

)

select * from renamed
