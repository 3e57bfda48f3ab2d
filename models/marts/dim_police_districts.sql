with districts as (

    select * from {{ ref('police_districts') }}
    where {{ is_of_chosen_city('city') }}

),

keyed as (

    select
        {{ key_of(['city', 'police_district']) }} as police_district_id,
        city,
        police_district,
        district_name,
        district_letter,
        station_address,
        zip,
        phone,
        latitude,
        longitude,
        is_patrol_district

    from districts

)

select * from keyed
