-- Warns: these rows stay in the fact, without a group, a station or a member. Seen since
-- the first load: Cambridge's subtypes are free text, and Memphis names odd precincts.
{{ config(severity='warn') }}

{% for column, dimension in [
    ('offense_code', ref('dim_offense_categories')),
    ('police_district', ref('dim_police_districts')),
    ('council_district', ref('dim_council_districts')),
] -%}
select
    incidents.city,
    '{{ column }}' as column_name,
    incidents.{{ column }} as code,
    incidents.row_count
from (
    select
        city,
        {{ column }},
        count(*) as row_count
    from {{ ref('fct_incidents') }}
    where {{ column }} is not null
    group by city, {{ column }}
) as incidents
left join {{ dimension }} as known
    on incidents.city = known.city
    and incidents.{{ column }} = known.{{ column }}
where known.city is null
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
