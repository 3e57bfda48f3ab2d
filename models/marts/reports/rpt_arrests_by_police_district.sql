with incidents as (

    select * from {{ ref('fct_incidents') }}

),

districts as (

    select * from {{ ref('dim_police_districts') }}

),

-- A later arrest is in a supplement to the incident, which is not counted.
arrested as (

    select distinct
        city,
        counting_id
    from incidents
    where is_arrest

),

counted as (

    select
        incidents.city,
        coalesce(incidents.police_district, 'Unknown') as police_district,
        count(*) as row_count,
        count(case when incidents.is_counted then 1 end) as incident_count,
        count(case when incidents.is_arrest then 1 end) as arrest_row_count,
        count(case when incidents.is_counted then arrested.counting_id end)
            as arrest_count,
        count(incidents.is_arrest) as known_count

    from incidents
    left join arrested
        on incidents.city = arrested.city
        and incidents.counting_id = arrested.counting_id
    group by 1, 2

),

named as (

    select city, police_district from districts
    union distinct
    select city, police_district from counted

),

described as (

    select
        named.city,
        named.police_district,
        districts.district_name,
        districts.station_address,
        districts.zip,
        districts.phone,
        districts.is_patrol_district,
        named.police_district <> 'Unknown'
        and coalesce(districts.is_patrol_district, true) as is_ranked,
        max(coalesce(counted.known_count, 0)) over (partition by named.city) > 0
            as has_arrests_published,
        coalesce(counted.row_count, 0) as row_count,
        coalesce(counted.incident_count, 0) as incident_count,
        coalesce(counted.arrest_row_count, 0) as arrest_row_count,
        coalesce(counted.arrest_count, 0) as arrest_count

    from named
    left join districts
        on named.city = districts.city
        and named.police_district = districts.police_district
    left join counted
        on named.city = counted.city
        and named.police_district = counted.police_district

),

-- Null, not zero, where the city does not publish arrests.
measured as (

    select
        city,
        police_district,
        district_name,
        station_address,
        zip,
        phone,
        is_patrol_district,
        is_ranked,
        row_count,
        incident_count,
        case when has_arrests_published then arrest_row_count end as arrest_row_count,
        case when has_arrests_published then arrest_count end as arrest_count,
        case
            when has_arrests_published and not {{ is_small_base('incident_count') }}
                then cast(arrest_count as {{ type_double() }})
                    / nullif(incident_count, 0)
        end as arrest_share

    from described

),

ranked as (

    select
        {{ key_of(['city', 'police_district']) }} as police_district_id,
        city,
        police_district,
        district_name,
        station_address,
        zip,
        phone,
        is_patrol_district,
        row_count,
        incident_count,
        arrest_row_count,
        arrest_count,
        {{ rounded('100 * arrest_share') }} as arrest_pct,
        case
            when is_ranked and arrest_count is not null
                then dense_rank() over (
                    partition by city, is_ranked order by arrest_count desc
                )
        end as arrest_count_rank,
        case
            when is_ranked and arrest_share is not null
                then dense_rank() over (
                    partition by city, is_ranked, arrest_share is null
                    order by arrest_share desc
                )
        end as arrest_pct_rank,
        case
            when is_ranked
                then dense_rank() over (
                    partition by city, is_ranked order by incident_count desc
                )
        end as incident_count_rank

    from measured

)

select * from ranked
