-- Warns of any published time, number or location that could not be read; an error
-- above 1 % of a data set's rows and above ten, since then the publisher changed the
-- form.
{{
    config(
        fail_calc='coalesce(max(unparsed_pct), 0)',
        warn_if='> 0',
        error_if='> 1',
    )
}}

with counts as (

    select
        city || '__incidents' as dataset,
        count(*) as row_count,
        sum(case when has_unparsed_values then 1 else 0 end) as unparsed_count
    from {{ ref('fct_incidents') }}
    group by city

    {% for source_name, entity in whole_file_entities() -%}
    union all

    select
        '{{ source_name }}__{{ entity }}' as dataset,
        count(*) as row_count,
        sum(case when has_unparsed_values then 1 else 0 end) as unparsed_count
    from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}

    {% endfor %}
)

select
    dataset,
    row_count,
    unparsed_count,
    case
        when unparsed_count > 10 then ceiling(100.0 * unparsed_count / row_count)
        else 1
    end as unparsed_pct
from counts
where unparsed_count > 0
