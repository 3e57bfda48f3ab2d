-- Rows must neither vanish nor double on their way from the raw tables to the fact.
with counts as (

    {% for city in incident_cities() -%}
    select
        '{{ city }}' as city,
        (
            select count(*) from {{ source(city, 'incidents') }}
            where removed_at is null
        ) as raw_count,
        (
            select count(*) from {{ ref('stg_' ~ city ~ '__incidents') }}
        ) as staging_count,
        (
            select count(*) from {{ ref('fct_incidents') }}
            where city = '{{ city }}'
        ) as fact_count
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select *
from counts
where raw_count <> staging_count or raw_count <> fact_count
