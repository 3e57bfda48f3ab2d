-- Warns of neighborhoods and patrol districts that incidents name and no boundary has,
-- in cities that publish boundaries of that kind: their incidents are on no map. None
-- were seen; a publisher that renames an area in one place only would bring some.
{{ config(severity='warn') }}

with named as (

    {% for kind in ['neighborhood', 'police_district'] -%}
    select distinct
        city,
        '{{ kind }}' as area_kind,
        {{ kind }} as area_name
    from {{ ref('fct_incidents') }}
    where {{ kind }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

areas as (

    select * from {{ ref('dim_areas') }}

),

-- Special units, and places outside of a city, have no boundary.
without_boundary as (

    select
        city,
        police_district
    from {{ ref('dim_police_districts') }}
    where not is_patrol_district

),

patrolled as (

    select distinct
        areas.city,
        areas.area_kind
    from areas

)

select named.*
from named
inner join patrolled
    on named.city = patrolled.city
    and named.area_kind = patrolled.area_kind
left join areas
    on named.city = areas.city
    and named.area_kind = areas.area_kind
    and named.area_name = areas.area_name
left join without_boundary
    on named.area_kind = 'police_district'
    and named.city = without_boundary.city
    and named.area_name = without_boundary.police_district
where areas.area_id is null and without_boundary.city is null
