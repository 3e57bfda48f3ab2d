with features as (

    {% for source_name, entity in boundary_entities() -%}
    select
        row_id,
        city,
        area_kind,
        area_name,
        polygons
    from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
    where polygons is not null
    {{ 'union all' if not loop.last }}
    {% else -%}
    -- None of the cities publishes boundaries.
    select
        {% for column in ['row_id', 'city', 'area_kind', 'area_name', 'polygons'] -%}
        cast(null as {{ dbt.type_string() }}) as {{ column }}
        {{- ',' if not loop.last }}
        {% endfor -%}
    from {{ ref('cities') }}
    where false
    {% endfor %}

),

neighborhoods as (

    select * from {{ ref('neighborhoods') }}

),

-- As in the fact: a published number is replaced by its name.
named as (

    select
        features.row_id,
        features.city,
        features.area_kind,
        coalesce(neighborhoods.neighborhood, features.area_name) as area_name,
        features.polygons

    from features
    left join neighborhoods
        on features.city = neighborhoods.city
        and features.area_kind = 'neighborhood'
        and features.area_name = neighborhoods.neighborhood_code

)

select * from named
