-- No report counts more incidents than rows; shares lie between 0 and 100; ranks of a
-- city begin at 1.
{% for report in [
    'rpt_arrests_by_police_district',
    'rpt_incident_growth_by_month',
    'rpt_incidents_by_calendar_day',
    'rpt_incidents_by_council_district',
    'rpt_incidents_by_day_and_category',
    'rpt_incidents_by_holiday',
    'rpt_incidents_by_hour',
    'rpt_incidents_by_month_and_category',
    'rpt_incidents_by_neighborhood_and_weekday',
    'rpt_incidents_by_time_of_day',
    'rpt_reclassifications_by_month',
    'rpt_violent_incidents_by_place',
] -%}
select
    '{{ report }}' as report,
    'incident_count' as figure,
    count(*) as broken_row_count
from {{ ref(report) }}
where incident_count < 0 or incident_count > row_count
having count(*) > 0

union all

{% endfor -%}
select
    'rpt_arrests_by_police_district' as report,
    'arrests' as figure,
    count(*) as broken_row_count
from {{ ref('rpt_arrests_by_police_district') }}
where
    arrest_count > incident_count
    or arrest_pct not between 0 and 100
    or (arrest_pct is not null and incident_count < 20)
having count(*) > 0

union all

select
    'rpt_incident_growth_by_month' as report,
    'growth_pct' as figure,
    count(*) as broken_row_count
from {{ ref('rpt_incident_growth_by_month') }}
where
    growth_pct < -100
    or (is_partial and growth_pct is not null)
    or (growth_pct is not null and previous_incident_count < 20)
having count(*) > 0

union all

select
    'rpt_incidents_by_council_district' as report,
    'categories' as figure,
    count(*) as broken_row_count
from {{ ref('rpt_incidents_by_council_district') }}
where
    second_category_incident_count > top_category_incident_count
    or top_category_incident_count + coalesce(second_category_incident_count, 0)
    > incident_count
having count(*) > 0

{% for report, rank in [
    ('rpt_arrests_by_police_district', 'arrest_count_rank'),
    ('rpt_arrests_by_police_district', 'arrest_pct_rank'),
    ('rpt_arrests_by_police_district', 'incident_count_rank'),
    ('rpt_incidents_by_council_district', 'incident_count_rank'),
    ('rpt_violent_incidents_by_place', 'violent_incident_count_rank'),
] %}
union all

select
    '{{ report }}' as report,
    '{{ rank }}' as figure,
    count(*) as broken_row_count
from {{ ref(report) }}
group by city
having min({{ rank }}) <> 1
{% endfor %}
