{{ config(enabled=is_chosen('san_francisco')) }}

with source as (

    select * from {{ source('san_francisco', 'incidents_versions') }}

),

parsed as (

    select
        *,
        {{ as_local_timestamp('incident_datetime') }} as occurred_at_local,
        {{ as_local_timestamp('incident_date') }} as occurred_day_local,
        {{ as_local_timestamp('report_datetime') }} as reported_at_local,
        {{ as_degrees('latitude', 90) }} as latitude_degrees,
        {{ as_degrees('longitude', 180) }} as longitude_degrees

    from source

),

dated as (

    select
        *,
        cast(coalesce(occurred_at_local, occurred_day_local) as date) as occurred_date,
        {{ whole_number_code('supervisor_district_2012') }} as district_of_2012,
        {{ whole_number_code('supervisor_district') }} as district_of_2022

    from parsed

),

renamed as (

    select
        -- ids
        'san_francisco' as city,
        row_id,
        {{ clean_text('incident_number') }} as incident_number,
        {{ clean_text('incident_number') }} as counting_id,
        {{ clean_text('incident_id') }} as report_id,
        {{ clean_text('cad_number') }} as cad_number,
        {{ clean_text('cnn') }} as cnn,

        -- times
        occurred_at_local,
        occurred_date,
        reported_at_local,
        cast(reported_at_local as date) as report_date,

        -- what
        {{ clean_text('incident_category') }} as incident_category,
        {{ clean_text('incident_subcategory') }} as incident_subcategory,
        {{ clean_text('incident_description') }} as incident_description,
        -- Simple and aggravated assault differ in the subcategory only.
        case
            when {{ trimmed('incident_category') }} in ('Assault', 'Homicide')
                then coalesce(
                    {{ clean_text('incident_subcategory') }},
                    {{ clean_text('incident_category') }}
                )
            else {{ clean_text('incident_category') }}
        end as offense_code,
        {{ clean_text('incident_code') }} as published_offense_code,
        {{ clean_text('resolution') }} as resolution,
        {{ clean_text('report_type_code') }} as report_type_code,
        {{ clean_text('report_type_description') }} as report_type,
        -- The city publishes `true` or nothing.
        case
            when lower({{ trimmed('filed_online') }}) = 'true' then 'Filed Online'
            when lower({{ trimmed('filed_online') }}) = 'false' then 'Filed by SFPD'
            when filed_online is null then 'Filed by SFPD'
            else 'Unknown'
        end as filing_status,
        coalesce({{ trimmed('report_type_code') }} in ('IS', 'VS'), false)
            as is_supplement,
        {{ trimmed('resolution') }} like 'Cite or Arrest%' as is_arrest,
        cast(null as boolean) as is_domestic,

        -- where
        cast(null as {{ dbt.type_string() }}) as reported_city,
        {{ clean_text('police_district') }} as police_district,
        cast(null as {{ dbt.type_string() }}) as beat,
        -- The lines of 2022 held from the day on which they were adopted.
        {{ district_of_the_day('occurred_date', [
            [none, 'district_of_2012'],
            ['2022-04-28', 'district_of_2022'],
        ]) }} as council_district,
        district_of_2022 as present_council_district,
        {{ clean_text('analysis_neighborhood') }} as neighborhood,
        {{ clean_text('intersection') }} as place,
        cast(null as {{ dbt.type_string() }}) as location_kind,
        {{ coordinates() }},

        -- the row itself
        {{ is_unparsed('incident_datetime', 'occurred_at_local') }}
        or {{ is_unparsed('report_datetime', 'reported_at_local') }}
        or {{ is_unparsed('latitude', 'latitude_degrees') }}
        or {{ is_unparsed('longitude', 'longitude_degrees') }} as has_unparsed_values,
        {{ as_local_timestamp('data_as_of') }} as data_as_of_at_local,
        loaded_at,
        removed_at,
        window_month,
        replaced_at

    from dated

)

select * from renamed
