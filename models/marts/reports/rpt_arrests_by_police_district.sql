with incidents as (

    select * from {{ ref('fct_incidents') }}

),

districts as (

    select * from {{ ref('dim_police_districts') }}

),

-- A later arrest is in a supplement to the incident, which is not counted. Few rows are
-- such: only they are looked up by their incident.
arrested_later as (

    select distinct
        city,
        counting_id
    from {{ ref('fct_incidents') }}
    where is_arrest and not is_counted

),

not_arrested as (

    select
        city,
        counting_id,
        police_district
    from {{ ref('fct_incidents') }}
    where is_counted and not coalesce(is_arrest, false)

),

later_arrests as (

    select
        not_arrested.city,
        coalesce(not_arrested.police_district, 'Unknown') as police_district,
        count(*) as arrest_count

    from not_arrested
    inner join arrested_later
        on not_arrested.city = arrested_later.city
        and not_arrested.counting_id = arrested_later.counting_id
    group by 1, 2

),

of_rows as (

    select
        city,
        coalesce(police_district, 'Unknown') as police_district,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count,
        count(case when is_arrest then 1 end) as arrest_row_count,
        count(case when is_counted and is_arrest then 1 end) as arrest_count,
        count(is_arrest) as known_count

    from incidents
    group by 1, 2

),

counted as (

    select
        of_rows.city,
        of_rows.police_district,
        of_rows.row_count,
        of_rows.incident_count,
        of_rows.arrest_row_count,
        of_rows.arrest_count + coalesce(later_arrests.arrest_count, 0) as arrest_count,
        of_rows.known_count

    from of_rows
    left join later_arrests
        on of_rows.city = later_arrests.city
        and of_rows.police_district = later_arrests.police_district

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
