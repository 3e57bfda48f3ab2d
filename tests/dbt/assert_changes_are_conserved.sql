-- Each entry of the raw change logs is in the fact and in the report of days, and what
-- they add up to is in the fact of incidents.
with counts as (

    {% for city in incident_cities() -%}
    select
        '{{ city }}' as city,
        (
            select count(*) from {{ source(city, 'incidents_changes') }}
        ) as raw_count,
        (
            select count(*) from {{ ref('fct_incident_changes') }}
            where city = '{{ city }}'
        ) as fact_count,
        (
            select coalesce(sum(change_count), 0)
            from {{ ref('rpt_incident_changes_by_day') }}
            where city = '{{ city }}'
        ) as report_count,
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
            from {{ ref('fct_incident_changes') }}
            where city = '{{ city }}'
        ) as balance,
        (
            select count(*) from {{ ref('fct_incidents') }}
            where city = '{{ city }}'
        ) as incident_count
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select *
from counts
where
    raw_count <> fact_count
    or raw_count <> report_count
    or balance <> incident_count
