-- Each published list holds as many ids as it has semicolons and one more. Warns of
-- lists with an empty or repeated id, which have fewer agencies; an error where an
-- agency is missing from the bridge altogether. None of either in April 2024.
{{ config(fail_calc='coalesce(max(gravity), 0)', warn_if='> 0', error_if='> 1') }}

with shootings as (

    select
        shooting_id,
        agency_ids
    from {{ ref('stg_washington_post__shootings') }}
    where agency_ids is not null

),

agencies as (

    select
        shooting_id,
        count(*) as agency_count,
        sum(length(agency_id)) as id_length
    from {{ ref('bridge_shooting_agencies') }}
    group by shooting_id

),

compared as (

    select
        shootings.shooting_id,
        shootings.agency_ids,
        length(shootings.agency_ids)
        - length(replace(shootings.agency_ids, ';', '')) + 1 as published_count,
        coalesce(agencies.agency_count, 0) as agency_count
    from shootings
    left join agencies on shootings.shooting_id = agencies.shooting_id

)

select
    shooting_id,
    agency_ids,
    published_count,
    agency_count,
    case when agency_count = 0 or agency_count > published_count then 2 else 1 end
        as gravity
from compared
where published_count <> agency_count
