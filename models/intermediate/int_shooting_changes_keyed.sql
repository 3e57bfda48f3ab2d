with changes as (

    select * from {{ ref('stg_washington_post__shooting_changes') }}

),

removals as (

    select
        shooting_id,
        max(changed_at) as removed_at
    from changes
    where change = 'removed'
    group by shooting_id

),

keyed as (

    select
        {{ key_of(['changes.shooting_id', epoch_microseconds('changes.changed_at')]) }}
            as change_id,
        changes.shooting_id,
        changes.change,
        case
            when
                removals.removed_at is null
                or removals.removed_at < changes.changed_at
                then changes.changed_fields
        end as changed_fields,
        changes.changed_at,
        changes.run_id

    from changes
    left join removals on changes.shooting_id = removals.shooting_id

)

select * from keyed
