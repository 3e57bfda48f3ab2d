-- Warns: these rows stay in the fact, without a group, a station or a member. Seen
-- since the first load: Cambridge's subtypes are free text, and Memphis names odd
-- precincts.
{{ config(severity='warn') }}

{% set columns = [
    'offense_code', 'police_district', 'council_district', 'present_council_district'
] %}

with published as (

    {% for column in columns -%}
    select
        city,
        '{{ column }}' as column_name,
        {{ column }} as code,
        count(*) as row_count
    from {{ ref('fct_incidents') }}
    where {{ column }} is not null
    group by city, {{ column }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

known as (

    select distinct
        city,
        'offense_code' as column_name,
        offense_code as code
    from {{ ref('dim_offense_categories') }}
    union all
    select distinct
        city,
        'police_district' as column_name,
        police_district as code
    from {{ ref('dim_police_districts') }}
    {% for column in ['council_district', 'present_council_district'] -%}
    union all
    select distinct
        city,
        '{{ column }}' as column_name,
        council_district as code
    from {{ ref('dim_council_districts') }}
    {% endfor -%}

)

select published.*
from published
left join known
    on published.city = known.city
    and published.column_name = known.column_name
    and published.code = known.code
where known.code is null
