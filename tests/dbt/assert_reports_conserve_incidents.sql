-- Every row of the fact is in every report once; those of days in all with a day.
with incidents as (

    select * from {{ ref('fct_incidents') }}

),

published as (

    select
        city,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count,
        count(occurred_date) as dated_row_count,
        count(case when is_counted then occurred_date end) as dated_incident_count,
        count(hour_of_day) as timed_row_count,
        count(case when is_counted then hour_of_day end) as timed_incident_count
    from incidents
    group by city

),

reported as (

    {% for report, part in {
        'rpt_arrests_by_police_district': '',
        'rpt_incidents_by_council_district': '',
        'rpt_incidents_by_calendar_day': 'dated_',
        'rpt_incidents_by_time_of_day': 'dated_',
        'rpt_incident_growth_by_month': 'dated_',
        'rpt_incidents_by_month_and_category': 'dated_',
        'rpt_incidents_by_day_and_category': 'dated_',
        'rpt_incidents_by_neighborhood_and_weekday': 'dated_',
        'rpt_incidents_by_hour': 'timed_',
    }.items() -%}
    select
        published.city,
        '{{ report }}' as report,
        max(published.{{ part }}row_count) as row_count,
        max(published.{{ part }}incident_count) as incident_count,
        coalesce(sum({{ report }}.row_count), 0) as reported_row_count,
        coalesce(sum({{ report }}.incident_count), 0) as reported_incident_count
    from published
    left join {{ ref(report) }} on published.city = {{ report }}.city
    group by published.city
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select *
from reported
where
    row_count <> reported_row_count
    or incident_count <> reported_incident_count
