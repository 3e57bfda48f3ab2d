-- Warns: such rows stay in the marts, with the code itself as label, in no state, or in
-- no year. All codes of the files of 2023 and 2024 are known.
{{ config(severity='warn') }}

select
    field,
    code,
    count(*) as row_count
from {{ ref('int_shooting_codes') }}
where not is_known
group by field, code

union all

select
    'agency_type' as field,
    agency_type as code,
    count(*) as row_count
from {{ ref('dim_agencies') }}
where
    agency_type is not null
    and agency_type not in (
        select code from {{ ref('shooting_codes') }}
        where field = 'agency_type'
    )
group by agency_type

union all

select
    'state_id' as field,
    state_id as code,
    count(*) as row_count
from {{ ref('fct_shootings') }}
where state_id is not null and state_name is null
group by state_id

union all

select
    'edition' as field,
    coalesce(edition, file_name) as code,
    count(*) as row_count
from {{ ref('int_county_population_dated') }}
group by coalesce(edition, file_name)
having count(year) = 0
