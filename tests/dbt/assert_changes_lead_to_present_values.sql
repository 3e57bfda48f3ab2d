-- What a row had after a change it has before the next, and after the last one in the
-- fact: else a change was lost, or read in another way than the row.
with changes as (

    select * from {{ ref('fct_incident_changes') }}
    where change <> 'added'

),

incidents as (

    select * from {{ ref('fct_incidents') }}

),

followed as (

    select
        *,
        {% for column in logged_columns() -%}
        lead({{ column }}_before) over row_log as next_{{ column }},
        {% endfor -%}
        lead(has_values) over row_log as next_has_values
    from changes
    window row_log as (partition by incident_id order by changed_at)

),

broken_off as (

    select
        change_id,
        'the next change' as differs_from
    from followed
    where
        has_values
        and next_has_values
        and (
            {% for column in logged_columns() -%}
            {{ 'or ' if not loop.first }}{{ column }}_after
            is distinct from next_{{ column }}
            {% endfor %}
        )

),

outdated as (

    select
        followed.change_id,
        'the fact' as differs_from
    from followed
    inner join incidents on followed.incident_id = incidents.incident_id
    where
        followed.has_values
        and followed.next_has_values is null
        and (
            {% for column in logged_columns() -%}
            {{ 'or ' if not loop.first }}followed.{{ column }}_after
            is distinct from incidents.{{ column }}
            {% endfor %}
        )

)

select * from broken_off
union all
select * from outdated
