{% set fields = ['threat_type', 'flee_status', 'armed_with', 'gender'] -%}

with shootings as (

    select * from {{ ref('stg_washington_post__shootings') }}

),

codes as (

    select * from {{ ref('int_shooting_codes') }}

),

race_groups as (

    select * from {{ ref('race_groups') }}

),

labels as (

    select
        shooting_id,
        {% for field in fields -%}
        {{ dbt.listagg(
            "case when field = '" ~ field ~ "' then label end",
            "' and '",
            "order by position"
        ) }} as {{ field }}_label
        {{- ',' if not loop.last }}
        {% endfor %}
    from codes
    group by shooting_id

),

races as (

    select
        shooting_id,
        count(distinct code) as race_count,
        max(case when code = 'H' then 1 else 0 end) as is_hispanic,
        min(code) as race
    from codes
    where field = 'race'
    group by shooting_id

),

grouped as (

    select
        shootings.shooting_id,
        case
            when races.is_hispanic = 1 then 'hispanic'
            when races.race_count > 1 then 'two_or_more'
            else coalesce(race_groups.race_group, 'unknown')
        end as race_group

    from shootings
    left join races on shootings.shooting_id = races.shooting_id
    left join race_groups on races.race = race_groups.shooting_code

),

final as (

    select
        grouped.shooting_id,
        grouped.race_group,
        race_groups.label as race_group_label,
        {% for field in fields -%}
        coalesce(labels.{{ field }}_label, 'not recorded') as {{ field }}_label
        {{- ',' if not loop.last }}
        {% endfor %}
    from grouped
    left join race_groups on grouped.race_group = race_groups.race_group
    left join labels on grouped.shooting_id = labels.shooting_id

)

select * from final
