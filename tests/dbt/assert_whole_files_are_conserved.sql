-- Rows of whole files must neither vanish nor double on their way to staging, nor those
-- of shootings, of their changes and of their agencies on their way to the marts.
with counts as (

    {% for source_name, entity in whole_file_entities() -%}
    select
        '{{ source_name }}__{{ entity }} to staging' as way,
        (
            select count(*) from {{ source(source_name, entity) }}
            where removed_at is null
        ) as row_count,
        (
            select count(*) from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
        ) as arrived_count

    union all

    {% endfor -%}
    {% for source_name, entity, model in [
        ('washington_post', 'shootings', 'fct_shootings'),
        ('washington_post', 'agencies', 'dim_agencies'),
    ] -%}
    select
        '{{ source_name }}__{{ entity }} to {{ model }}' as way,
        (
            select count(*) from {{ source(source_name, entity) }}
            where removed_at is null
        ) as row_count,
        (select count(*) from {{ ref(model) }}) as arrived_count

    union all

    {% endfor -%}
    select
        'changes to fct_shooting_changes' as way,
        (
            select count(*) from {{ source('washington_post', 'shootings_changes') }}
        ) as row_count,
        (select count(*) from {{ ref('fct_shooting_changes') }}) as arrived_count

    union all

    select
        'balance of changes to fct_shootings' as way,
        (
            select
                coalesce(
                    sum(
                        case
                            when change in ('added', 'restored') then 1
                            when change = 'removed' then -1
                            else 0
                        end
                    ),
                    0
                )
            from {{ ref('fct_shooting_changes') }}
        ) as row_count,
        (select count(*) from {{ ref('fct_shootings') }}) as arrived_count

    union all

    select
        'agencies to bridge_shooting_agencies' as way,
        (
            select coalesce(sum(agency_count), 0) from {{ ref('fct_shootings') }}
        ) as row_count,
        (select count(*) from {{ ref('bridge_shooting_agencies') }}) as arrived_count

    union all

    select
        'shootings with a race to bridge_shooting_races' as way,
        (
            select count(*) from {{ ref('fct_shootings') }}
            where race is not null
        ) as row_count,
        (
            select count(distinct shooting_id) from {{ ref('bridge_shooting_races') }}
        ) as arrived_count

)

select *
from counts
where row_count <> arrived_count
