-- Warns where incidents of a city have places, and none of them lies where its areas
-- do: the boundaries have latitude first, or are another city's. None has so far. Each
-- area is taken by the first corner of its shape, and 0.05 degrees, some 5 km, around
-- it.
{{ config(severity='warn') }}

with incidents as (

    select * from {{ ref('fct_incidents') }}

),

corners as (

    select
        city,
        area_kind,
        {{ text_matching('geometry', '-?[0-9]+[.]?[0-9]*,-?[0-9]+[.]?[0-9]*') }}
            as corner
    from {{ ref('dim_areas') }}

),

boxes as (

    select
        city,
        area_kind,
        min({{ as_number(text_matching('corner', '^[^,]+')) }}) as west,
        max({{ as_number(text_matching('corner', '^[^,]+')) }}) as east,
        min({{ as_number(text_matching('corner', '[^,]+$')) }}) as south,
        max({{ as_number(text_matching('corner', '[^,]+$')) }}) as north
    from corners
    group by city, area_kind

),

counted as (

    select
        boxes.city,
        boxes.area_kind,
        count(*) as placed_count,
        count(
            case
                when incidents.longitude between boxes.west - 0.05 and boxes.east + 0.05
                and incidents.latitude between boxes.south - 0.05 and boxes.north + 0.05
                    then 1
            end
        ) as inside_count
    from boxes
    inner join incidents on boxes.city = incidents.city
    where incidents.latitude is not null and incidents.longitude is not null
    group by boxes.city, boxes.area_kind

)

select *
from counted
where inside_count = 0
