-- A shooting that the newspaper withdrew is in no mart; of what was logged of it up to
-- then stay key, time and kind, also once it is restored.
with changes as (

    select * from {{ ref('fct_shooting_changes') }}

),

removals as (

    select
        shooting_id,
        max(changed_at) as removed_at
    from changes
    where change = 'removed'
    group by shooting_id

),

not_erased as (

    select changes.shooting_id
    from changes
    inner join removals on changes.shooting_id = removals.shooting_id
    where
        changes.changed_fields is not null
        and changes.changed_at <= removals.removed_at

),

last_changes as (

    select
        shooting_id,
        change,
        row_number() over (
            partition by shooting_id order by changed_at desc
        ) as age_rank
    from changes

),

removed as (

    select shooting_id from last_changes
    where change = 'removed' and age_rank = 1

),

not_deleted as (

    {% for model in [
        'fct_shootings', 'bridge_shooting_agencies', 'bridge_shooting_races'
    ] -%}
    select shooting_id from {{ ref(model) }}
    where shooting_id in (select shooting_id from removed)
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from not_erased
union all
select * from not_deleted
