-- Warns of an agency that its file does not have (yet: the two files are read one after
-- the other); an error above 1 % of the rows, since then they no longer belong
-- together. None in the files of 2024.
{{
    config(
        fail_calc='coalesce(max(unknown_pct), 0)',
        warn_if='> 0',
        error_if='> 1',
    )
}}

with published as (

    select * from {{ ref('bridge_shooting_agencies') }}

),

agencies as (

    select * from {{ ref('dim_agencies') }}

),

named as (

    select
        count(*) as row_count,
        sum(case when agencies.agency_id is null then 1 else 0 end) as unknown_count
    from published
    left join agencies on published.agency_id = agencies.agency_id

),

known as (

    select count(*) as agency_count from agencies

)

select
    named.row_count,
    named.unknown_count,
    -- Without any agency the file was not loaded, which is for the reader to decide.
    case
        when known.agency_count = 0 then 1
        else ceiling(100.0 * named.unknown_count / named.row_count)
    end as unknown_pct
from named
cross join known
where named.unknown_count > 0
