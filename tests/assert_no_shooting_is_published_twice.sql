-- Warns of rows that differ in nothing but their id. None in the files of 2023 and
-- 2024. That no id is in twice is tested as the key.
{{ config(severity='warn') }}

{% set columns = [
    'shooting_date', 'name', 'age', 'gender', 'race', 'race_source', 'armed_with',
    'threat_type', 'flee_status', 'is_mental_illness_related', 'has_body_camera',
    'city', 'county', 'state_id', 'latitude', 'longitude', 'location_precision',
    'agency_ids',
] -%}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
from {{ ref('stg_washington_post__shootings') }}
where removed_at is null and replaced_at is null
group by {{ columns | join(', ') }}
having count(*) > 1
