{{
    config(
        materialized='incremental',
        unique_key='change_id',
        on_schema_change='fail',
        partition_by=month_partition('changed_date'),
        cluster_by=['city', 'change'],
        indexes=postgres_indexes([
            {'columns': ['change_id'], 'unique': true},
            {'columns': ['incident_id']},
            {'columns': ['city', 'changed_date']},
        ]),
    )
}}

-- Not put in order: the logs are by city and time as they were written.
{% set fields = logged_columns() -%}
{% if is_incremental() -%}
{% set newest = newest_by_city(this, 'changed_at') -%}
{% endif -%}

-- The log is read once for each use: most of it are rows added, which need no join,
-- and a warehouse keeps in memory what is used twice.
with additions as (

    select * from {{ ref('int_incident_changes_unioned') }}
    where change = 'added'
    {% if is_incremental() -%}
    and {{ is_newer_than(newest, 'changed_at') }}
    {%- endif %}

),

events as (

    select * from {{ ref('int_incident_changes_unioned') }}
    where change <> 'added'
    {% if is_incremental() -%}
    and {{ is_newer_than(newest, 'changed_at') }}
    {%- endif %}

),

loads as (

    select distinct
        city,
        changed_at
    from {{ ref('int_incident_changes_unioned') }}
    {% if is_incremental() -%}
    where {{ is_newer_than(newest, 'changed_at') }}
    {%- endif %}

),

former_versions as (

    select * from {{ ref('int_incident_versions_unioned') }}
    where replaced_at is not null
    {% if is_incremental() -%}
    and {{ is_newer_than(newest, 'replaced_at') }}
    {%- endif %}

),

-- A row is written with its entry, so that what new entries made is as new as they.
present_versions as (

    select * from {{ ref('int_incidents_unioned') }}
    {% if is_incremental() -%}
    {% set new = is_newer_than(newest, 'loaded_at') -%}
    where {{ new }} {{ in_partitions_of(ref('int_incidents_unioned'), new) }}
    {%- endif %}

),

cities as (

    select * from {{ ref('cities') }}

),

neighborhoods as (

    select * from {{ ref('neighborhoods') }}

),

{% if is_incremental() -%}
stored as (

    select
        change_id,
        incident_id,
        city,
        row_id,
        change,
        changed_at,
        changed_date,
        run_id
    from {{ this }}

),

{% endif -%}
-- All changes in a load have one instant: its day is computed once.
days as (

    select
        loads.city,
        loads.changed_at,
        {{ local_day('loads.changed_at', 'cities.time_zone') }} as changed_date
    from loads
    inner join cities on loads.city = cities.city

),

removals as (

    select
        incident_id,
        max(changed_at) as removed_at
    from events
    where change = 'removed'
    group by incident_id

),

-- An addition opens the log of a row, so it is never the next entry.
followed as (

    select
        incident_id,
        change,
        changed_at,
        lead(changed_at) over (
            partition by incident_id order by changed_at
        ) as next_changed_at

    from events

),

-- What was changed before a removal has no values.
corrections as (

    select
        followed.incident_id,
        followed.changed_at,
        followed.next_changed_at

    from followed
    left join removals on followed.incident_id = removals.incident_id
    where
        followed.change = 'changed'
        and (
            removals.removed_at is null
            or removals.removed_at < followed.changed_at
        )

),

versions as (

    select
        incident_id,
        city,
        replaced_at,
        {{ fields | join(',\n        ') }}
    from former_versions
    where incident_id in (select incident_id from corrections)

    union all

    select
        incident_id,
        city,
        cast(null as {{ type_instant() }}) as replaced_at,
        {{ fields | join(',\n        ') }}
    from present_versions
    where incident_id in (select incident_id from corrections)

),

{% for moment in ['before', 'after'] -%}
versions_{{ moment }} as (

    select
        versions.incident_id,
        versions.replaced_at,
        {% for field in fields -%}
        {% if field == 'neighborhood' -%}
        coalesce(neighborhoods.neighborhood, versions.neighborhood)
            as neighborhood_{{ moment }}
        {%- else -%}
        versions.{{ field }} as {{ field }}_{{ moment }}
        {%- endif %}
        {{- ',' if not loop.last }}
        {% endfor %}
    from versions
    left join neighborhoods
        on versions.city = neighborhoods.city
        and versions.neighborhood = neighborhoods.neighborhood_code

),

{% endfor -%}
-- A version was valid until the next entry of its row; the present one still is.
compared as (

    select
        corrections.incident_id,
        corrections.changed_at,
        {% for field in fields -%}
        versions_before.{{ field }}_before,
        versions_after.{{ field }}_after
        {{- ',' if not loop.last }}
        {% endfor %}
    from corrections
    inner join versions_before
        on corrections.incident_id = versions_before.incident_id
        and corrections.changed_at = versions_before.replaced_at
    inner join versions_after
        on corrections.incident_id = versions_after.incident_id
        and corrections.next_changed_at
        is not distinct from versions_after.replaced_at

),

{% set values -%}
{% for field in fields -%}
cast(null as {{ logged_type(field) }}) as {{ field }}_before,
        cast(null as {{ logged_type(field) }}) as {{ field }}_after
        {{- ',' if not loop.last }}
        {% endfor -%}
{% endset -%}
logged as (

    select
        events.incident_id,
        events.city,
        events.row_id,
        events.change,
        events.changed_at,
        events.run_id,
        case
            when removals.removed_at is null or removals.removed_at < events.changed_at
                then events.changed_fields
        end as changed_fields,
        compared.incident_id is not null as has_values,
        {% for field in fields -%}
        compared.{{ field }}_before,
        compared.{{ field }}_after
        {{- ',' if not loop.last }}
        {% endfor %}
    from events
    left join removals on events.incident_id = removals.incident_id
    left join compared
        on events.incident_id = compared.incident_id
        and events.changed_at = compared.changed_at

    union all

    select
        incident_id,
        city,
        row_id,
        change,
        changed_at,
        run_id,
        cast(null as {{ dbt.type_string() }}) as changed_fields,
        false as has_values,
        {{ values }}
    from additions

),

keyed as (

    select
        {{ key_of(['logged.incident_id', epoch_microseconds('logged.changed_at')]) }}
            as change_id,
        logged.incident_id,
        logged.city,
        logged.row_id,
        logged.change,
        logged.changed_at,
        days.changed_date,
        logged.run_id,
        logged.changed_fields,
        logged.has_values,
        {% for field in fields -%}
        logged.{{ field }}_before,
        logged.{{ field }}_after
        {{- ',' if not loop.last }}
        {% endfor %}
    from logged
    inner join days
        on logged.city = days.city
        and logged.changed_at = days.changed_at

),

{% if is_incremental() -%}
-- What was written before a row was removed loses its values with it.
erased as (

    select
        stored.change_id,
        stored.incident_id,
        stored.city,
        stored.row_id,
        stored.change,
        stored.changed_at,
        stored.changed_date,
        stored.run_id,
        cast(null as {{ dbt.type_string() }}) as changed_fields,
        false as has_values,
        {{ values }}
    from stored
    inner join removals on stored.incident_id = removals.incident_id
    where stored.change = 'changed'

),

{% endif -%}
written as (

    select * from keyed
    {% if is_incremental() %}
    union all

    select * from erased
    {%- endif %}

),

final as (

    select
        *,
        {{ build_instant(this if is_incremental()) }} as built_at
    from written

)

select * from final
