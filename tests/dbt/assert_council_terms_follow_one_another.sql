-- Two members of one district on one day would double its incidents.
with terms as (

    select
        city,
        council_district,
        member_name,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by city, council_district
            order by valid_from
        ) as next_valid_from
    from {{ ref('council_districts') }}

)

select *
from terms
where
    valid_to <= valid_from
    or next_valid_from <= valid_from
    or next_valid_from < valid_to
    or (valid_to is null and next_valid_from is not null)
