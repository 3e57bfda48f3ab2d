{{
    config(
        materialized='incremental',
        unique_key='incident_id',
        on_schema_change='fail',
        partition_by=month_partition('occurred_date'),
        cluster_by=['city', 'incident_category', 'neighborhood', 'supervisor_name'],
        indexes=postgres_indexes([
            {'columns': ['incident_id'], 'unique': true},
            {'columns': ['city', 'occurred_date']},
            {'columns': [
                'city', 'incident_category', 'neighborhood', 'supervisor_name'
            ]},
        ]),
        post_hook='{{ delete_removed_incidents(this) }}',
    )
}}

{% if is_incremental() -%}
{% set new = is_newer_than(newest_by_city(this, 'loaded_at'), 'loaded_at') -%}
{% endif -%}

with changed as (

    select * from {{ ref('int_incidents_unioned') }}
    {% if is_incremental() -%}
    where {{ new }} {{ in_partitions_of(ref('int_incidents_unioned'), new) }}
    {%- endif %}

),

-- Of use to a build of what is new alone, but dbt must see it in every one.
removed as ( -- noqa: ST03

    select * from {{ ref('int_removed_incidents') }}
    {% if is_incremental() -%}
    where {{ new }}
    {%- endif %}

),

cities as (

    select * from {{ ref('cities') }}

),

spans as (

    {{ plausible_days('cities') }}

),

-- A term without an end is given one: a join on `or` compares each row with each term.
council_districts as (

    select
        city,
        council_district,
        member_name,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('dim_council_districts') }}

),

offense_categories as (

    select * from {{ ref('dim_offense_categories') }}

),

neighborhoods as (

    select * from {{ ref('neighborhoods') }}

),

holidays as (

    select * from {{ ref('int_holidays') }}

),

{% if is_incremental() -%}
-- The fact is read once for each use, and its wide rows are read last: a warehouse
-- keeps in memory what is used twice.
altered_keys as (

    select incident_id from changed
    union distinct
    select incident_id from removed

),

left_behind as (

    select
        city,
        counting_id
    from {{ this }}
    where incident_id in (select incident_id from altered_keys)

),

implausible as (

    select
        city,
        counting_id,
        {% for day, moment in day_columns().items() -%}
        coalesce(cast({{ moment }} as date), {{ day }}) as {{ day }}
        {{- ',' if not loop.last }}
        {% endfor %}
    from {{ this }}
    where has_implausible_date

),

-- A day that lay ahead when it was written, and has come.
redated as (

    select
        implausible.city,
        implausible.counting_id
    from implausible
    inner join spans on implausible.city = spans.city
    where
        implausible.occurred_date is not null
        and not (
            {{ is_implausible_day('implausible.occurred_date', 'spans') }}
            or {{ is_implausible_day('implausible.report_date', 'spans') }}
        )

),

-- A row that was changed or removed may alter which row counts, in the incident that it
-- left as well as in the one that it joined: their other rows are written again.
altered as (

    select city, counting_id from changed
    union distinct
    select city, counting_id from left_behind
    union distinct
    select city, counting_id from redated

),

stored as (

    select * from {{ this }}

),

-- The days as published again: the fact holds none that was implausible, and its time
-- if there was one.
siblings as (

    select
        stored.incident_id,
        {% for column in incident_columns() -%}
        {% if column in day_columns() -%}
        coalesce(cast(stored.{{ day_columns()[column] }} as date), stored.{{ column }})
            as {{ column }},
        {% else -%}
        stored.{{ column }},
        {% endif -%}
        {% endfor -%}
        stored.has_implausible_date,
        stored.has_implausible_place
    from stored
    inner join altered
        on stored.city = altered.city
        and stored.counting_id = altered.counting_id
    left join altered_keys on stored.incident_id = altered_keys.incident_id
    where altered_keys.incident_id is null

),

{% endif -%}
published as (

    select
        incident_id,
        {{ incident_columns() | join(',\n        ') }},
        false as has_implausible_date,
        false as has_implausible_place
    from changed
    {% if is_incremental() %}
    union all

    select
        incident_id,
        {{ incident_columns() | join(',\n        ') }},
        has_implausible_date,
        has_implausible_place
    from siblings
    {%- endif %}

),

judged as (

    select
        published.*,
        {{ is_implausible_day('published.occurred_date', 'spans') }}
            as is_occurrence_implausible,
        {{ is_implausible_day('published.report_date', 'spans') }}
            as is_report_implausible,
        published.has_implausible_place
        or {{ lies_outside('published.latitude', 'published.longitude', 'cities') }}
            as is_place_implausible
    from published
    left join spans on published.city = spans.city
    left join cities on published.city = cities.city

),

-- What no day, hour or map should be shaped by is null; times stay as published.
incidents as (

    select
        incident_id,
        {% for column in incident_columns() -%}
        {% if column == 'occurred_date' -%}
        case when not is_occurrence_implausible then occurred_date end as occurred_date,
        {% elif column == 'report_date' -%}
        case when not is_report_implausible then report_date end as report_date,
        {% elif column in ('latitude', 'longitude', 'coordinates') -%}
        case when not is_place_implausible then {{ column }} end as {{ column }},
        {% else -%}
        {{ column }},
        {% endif -%}
        {% endfor -%}
        case when not is_occurrence_implausible then occurred_at_local end
            as plausible_at_local,
        is_occurrence_implausible
        or is_report_implausible
        or (has_implausible_date and occurred_date is null) as has_implausible_date,
        is_place_implausible as has_implausible_place
    from judged

),

-- In a build of everything read apart from the rows themselves: those are too many and
-- too wide to be kept for a second use, or to be put in order.
keys as (

    select
        incident_id,
        city,
        counting_id,
        row_id,
        is_supplement
    from {{ 'published' if is_incremental() else ref('int_incidents_unioned') }}

),

-- Of the rows that are one incident the first counts; a supplement never does.
ranked as (

    select
        incident_id,
        row_number() over (
            partition by city, counting_id
            order by is_supplement, length(row_id), {{ in_byte_order('row_id') }}
        ) as row_position

    from keys

),

repeats as (

    select incident_id from ranked
    where row_position > 1

),

joined as (

    select
        -- ids
        incidents.incident_id,
        incidents.city,
        incidents.row_id,
        incidents.incident_number,
        incidents.counting_id,

        -- times
        incidents.occurred_at_local,
        incidents.occurred_date,
        incidents.reported_at_local,
        incidents.report_date,
        {{ time_of_day('incidents.plausible_at_local') }} as time_of_day,
        {{ hour_of_day('incidents.plausible_at_local') }} as hour_of_day,
        {{ minute_of_hour('incidents.plausible_at_local') }} as minute_of_hour,
        {{ day_of_week_name('incidents.occurred_date') }} as day_of_week_name,
        {{ day_of_week_iso('incidents.occurred_date') }} as day_of_week_iso,
        holidays.holiday_name,

        -- what
        incidents.incident_category,
        incidents.incident_subcategory,
        incidents.incident_description,
        incidents.published_offense_code,
        incidents.offense_code,
        offense_categories.offense_group,
        offense_categories.is_violent,
        offense_categories.is_property,
        incidents.report_type,
        incidents.resolution,
        incidents.filing_status,
        incidents.is_arrest,
        incidents.is_domestic,
        incidents.is_supplement,
        repeats.incident_id is null and not incidents.is_supplement as is_counted,

        -- where
        incidents.reported_city,
        incidents.police_district,
        incidents.beat,
        incidents.council_district,
        incidents.present_council_district,
        council_districts.member_name as supervisor_name,
        coalesce(
            neighborhoods.neighborhood, incidents.neighborhood
        ) as neighborhood,
        incidents.place,
        incidents.location_kind,
        incidents.latitude,
        incidents.longitude,
        incidents.coordinates,

        -- the row itself
        incidents.has_unparsed_values,
        incidents.has_implausible_date,
        incidents.has_implausible_place,
        incidents.loaded_at,
        {{ build_instant(this if is_incremental()) }} as built_at

    from incidents
    left join repeats on incidents.incident_id = repeats.incident_id
    left join council_districts
        on incidents.city = council_districts.city
        and incidents.council_district = council_districts.council_district
        and incidents.occurred_date >= council_districts.valid_from
        and incidents.occurred_date < council_districts.valid_to
    left join offense_categories
        on incidents.city = offense_categories.city
        and incidents.offense_code = offense_categories.offense_code
    -- A sibling comes from the fact, so it already has a name, which is not a code.
    left join neighborhoods
        on incidents.city = neighborhoods.city
        and incidents.neighborhood = neighborhoods.neighborhood_code
    left join holidays
        on incidents.city = holidays.city
        and incidents.occurred_date = holidays.holiday_date

)

select * from joined
