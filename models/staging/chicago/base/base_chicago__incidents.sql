{{ config(enabled=is_chosen('chicago')) }}

with source as (

    select * from {{ source('chicago', 'incidents_versions') }}

),

parsed as (

    select
        *,
        {{ as_local_timestamp('date') }} as occurred_at_local,
        {{ as_local_timestamp('updated_on') }} as updated_at_local,
        {{ as_degrees('latitude', 90) }} as latitude_degrees,
        {{ as_degrees('longitude', 180) }} as longitude_degrees

    from source

),

renamed as (

    select
        -- ids
        'chicago' as city,
        row_id,
        {{ clean_text('case_number') }} as incident_number,
        -- The city counts a murder per victim, so each row is an incident.
        row_id as counting_id,

        -- times
        occurred_at_local,
        cast(occurred_at_local as date) as occurred_date,
        cast(null as {{ type_local_timestamp() }}) as reported_at_local,
        cast(null as date) as report_date,
        updated_at_local,

        -- what
        {{ clean_text('primary_type') }} as incident_category,
        cast(null as {{ dbt.type_string() }}) as incident_subcategory,
        {{ clean_text('description') }} as incident_description,
        {{ clean_text('fbi_code') }} as offense_code,
        {{ zero_padded('iucr', 4) }} as published_offense_code,
        cast(null as {{ dbt.type_string() }}) as report_type,
        cast(null as {{ dbt.type_string() }}) as resolution,
        cast(null as {{ dbt.type_string() }}) as filing_status,
        false as is_supplement,
        {{ as_boolean('arrest') }} as is_arrest,
        {{ as_boolean('domestic') }} as is_domestic,

        -- where
        cast(null as {{ dbt.type_string() }}) as reported_city,
        {{ zero_padded('district', 3) }} as police_district,
        {{ zero_padded('beat', 4) }} as beat,
        {{ whole_number_code('ward') }} as council_district,
        {{ whole_number_code('ward') }} as present_council_district,
        {{ whole_number_code('community_area') }} as neighborhood,
        {{ clean_text('block') }} as place,
        {{ clean_text('location_description') }} as location_kind,
        {{ as_number('x_coordinate') }} as x_coordinate,
        {{ as_number('y_coordinate') }} as y_coordinate,
        {{ coordinates() }},

        -- the row itself
        {{ is_unparsed('date', 'occurred_at_local') }}
        or {{ is_unparsed('updated_on', 'updated_at_local') }}
        or {{ is_unparsed('latitude', 'latitude_degrees') }}
        or {{ is_unparsed('longitude', 'longitude_degrees') }} as has_unparsed_values,
        loaded_at,
        removed_at,
        window_month,
        replaced_at

    from parsed

)

select * from renamed
