with published as (

    select * from {{ ref('stg_washington_post__shootings') }}

),

-- The table begins on January 1, 2015. The fifty states lie between Hawaii and Alaska's
-- north, and between Maine and the last of the Aleutian Islands, across the 180th
-- meridian.
judged as (

    select
        *,
        coalesce(
            shooting_date < date '2015-01-01'
            or shooting_date > {{ run_day("'UTC'", ahead=1) }},
            false
        ) as has_implausible_date,
        coalesce(
            latitude not between 18.9 and 71.5
            or longitude between -66.9 and 172,
            false
        ) as has_implausible_place

    from published

),

dated as (

    select
        *,
        case when not has_implausible_date then shooting_date end as plausible_date
    from judged

)

select * from dated
