-- A row that a city removed is in no fact; of what was logged of it up to then stay
-- key, time and kind, also once the city restored it.
with changes as (

    select * from {{ ref('fct_incident_changes') }}
    where change <> 'added'

),

incidents as (

    select * from {{ ref('fct_incidents') }}

),

removals as (

    select
        incident_id,
        max(changed_at) as removed_at
    from changes
    where change = 'removed'
    group by incident_id

),

restored as (

    select distinct changes.incident_id
    from changes
    inner join removals
        on changes.incident_id = removals.incident_id
        and changes.changed_at > removals.removed_at

),

not_erased as (

    select
        changes.change_id as id,
        'fct_incident_changes' as model
    from changes
    left join removals on changes.incident_id = removals.incident_id
    where
        (
            changes.change <> 'changed'
            or changes.changed_at <= removals.removed_at
        )
        and (
            changes.has_values
            or changes.changed_fields is not null
            {% for column in logged_columns() -%}
            or changes.{{ column }}_before is not null
            or changes.{{ column }}_after is not null
            {% endfor %}
        )

),

not_deleted as (

    select
        incidents.incident_id as id,
        'fct_incidents' as model
    from incidents
    inner join removals on incidents.incident_id = removals.incident_id
    left join restored on incidents.incident_id = restored.incident_id
    where restored.incident_id is null

)

select * from not_erased
union all
select * from not_deleted
