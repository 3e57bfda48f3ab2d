with places as (

    {% for kind in ['beat', 'place'] -%}
    select
        city,
        '{{ kind }}' as place_kind,
        coalesce({{ kind }}, 'Unknown') as place_name,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count,
        count(case when is_violent then 1 end) as violent_row_count,
        count(case when is_counted and is_violent then 1 end) as violent_incident_count

    from {{ ref('fct_incidents') }}
    group by 1, 2, 3
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

ranked as (

    select
        {{ key_of(['city', 'place_kind', 'place_name']) }} as city_place_id,
        city,
        place_kind,
        place_name,
        row_count,
        incident_count,
        violent_row_count,
        violent_incident_count,
        case
            when place_name <> 'Unknown'
                then dense_rank() over (
                    partition by city, place_kind, place_name = 'Unknown'
                    order by violent_incident_count desc
                )
        end as violent_incident_count_rank

    from places
    where violent_row_count > 0

),

suppressed as (

    select
        *,
        place_name <> 'Unknown'
        and {{ is_small_cell('violent_incident_count') }} as is_suppressed

    from ranked

),

shown as (

    select
        city_place_id,
        city,
        place_kind,
        place_name,
        row_count,
        incident_count,
        case when not is_suppressed then violent_row_count end as violent_row_count,
        case when not is_suppressed then violent_incident_count end
            as violent_incident_count,
        case when not is_suppressed then violent_incident_count_rank end
            as violent_incident_count_rank,
        is_suppressed

    from suppressed

)

select * from shown
