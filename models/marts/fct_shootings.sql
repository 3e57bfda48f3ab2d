{{
    config(
        indexes=postgres_indexes([
            {'columns': ['shooting_id'], 'unique': true},
            {'columns': ['shooting_date']},
            {'columns': ['county_fips']},
        ]),
    )
}}

with shootings as (

    select * from {{ ref('int_shootings_judged') }}

),

labels as (

    select * from {{ ref('int_shooting_labels') }}

),

counties as (

    select * from {{ ref('int_shooting_counties') }}

),

agencies as (

    select
        shooting_id,
        cast(count(*) as {{ dbt.type_int() }}) as agency_count
    from {{ ref('bridge_shooting_agencies') }}
    group by shooting_id

),

states as (

    select * from {{ ref('us_states') }}

),

publishers as (

    select * from {{ ref('dim_publishers') }}
    where dataset = 'washington_post__shootings'

),

joined as (

    select
        -- ids
        shootings.shooting_id,

        -- when
        shootings.plausible_date as shooting_date,
        cast(
            extract(year from shootings.plausible_date) as {{ dbt.type_int() }}
        ) as shooting_year,
        {{ day_of_year('shootings.plausible_date') }} as day_of_year,
        shootings.shooting_date as published_date,

        -- who
        shootings.name,
        shootings.age,
        {{ age_group('shootings.age') }} as age_group,
        shootings.gender,
        labels.gender_label,
        shootings.race,
        labels.race_group,
        labels.race_group_label,
        shootings.race_source,

        -- what
        shootings.armed_with,
        labels.armed_with_label,
        shootings.threat_type,
        labels.threat_type_label,
        shootings.flee_status,
        labels.flee_status_label,
        shootings.is_mental_illness_related,
        {{ yes_or_no('shootings.is_mental_illness_related') }} as mental_illness_label,
        shootings.has_body_camera,
        {{ yes_or_no('shootings.has_body_camera') }} as body_camera_label,

        -- where
        shootings.city,
        shootings.county,
        shootings.state_id,
        states.state_name,
        counties.county_fips,
        counties.county_match,
        counties.county_fips_by_city,
        counties.county_fips_by_name,
        case when not shootings.has_implausible_place then shootings.latitude end
            as latitude,
        case when not shootings.has_implausible_place then shootings.longitude end
            as longitude,
        not (
            shootings.latitude between states.south_latitude and states.north_latitude
            and shootings.longitude between states.west_longitude
            and states.east_longitude
        ) as is_outside_state_bounds,
        shootings.location_precision,

        -- the row itself
        coalesce(agencies.agency_count, 0) as agency_count,
        shootings.has_unparsed_values,
        shootings.has_implausible_date,
        shootings.has_implausible_place,
        shootings.loaded_at,
        publishers.licence as source_licence,
        publishers.attribution as source_attribution

    from shootings
    inner join labels on shootings.shooting_id = labels.shooting_id
    inner join counties on shootings.shooting_id = counties.shooting_id
    left join agencies on shootings.shooting_id = agencies.shooting_id
    left join states on shootings.state_id = states.state_id
    cross join publishers

)

select * from joined
