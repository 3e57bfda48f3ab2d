-- Shares lie between 0 and 100, parts within their whole, rates above zero and of no
-- small number; what is null is null for a reason.
{% set broken = {
    'rpt_shootings_by_state_and_year': [
        'shooting_count < 0',
        'mental_illness_count > shooting_count',
        'body_camera_count > shooting_count',
        'race_unknown_count > shooting_count',
        'mental_illness_pct not between 0 and 100',
        'mental_illness_pct is not null and shooting_count < 20',
        'unemployment_rate not between 0 and 100',
        '(rate_per_million is null) <> (population is null or is_small_number)',
        'rate_per_million <= 0',
        'is_small_number <> (shooting_count < 20)',
    ],
    'rpt_shootings_by_county': [
        'shooting_count < 0',
        'mental_illness_count > shooting_count',
        'mental_illness_pct not between 0 and 100',
        'mental_illness_pct is not null and shooting_count < 20',
        'unemployment_rate not between 0 and 100',
        '(rate_per_million is null) <> (population is null or is_small_number)',
        'rate_per_million <= 0',
        'is_small_number <> (shooting_count < 20)',
        'county_fips is null and population is not null',
        "matched_by_city_and_county_count + matched_by_county_count
        + matched_by_city_count + matched_by_city_is_county_count
        <> case when county_fips is null then 0 else shooting_count end",
    ],
    'rpt_shootings_by_race_and_year': [
        'shooting_pct not between 0 and 100',
        'race_unknown_pct not between 0 and 100',
        'rate_per_million <= 0',
        'rate_per_million is not null and is_small_number',
        "race_group in ('other', 'unknown') and population is not null",
        "race_group = 'all' and shooting_pct <> 100",
        "race_group = 'unknown' and shooting_pct <> race_unknown_pct",
        "race_group <> 'pacific_islander' and shooting_count is null",
        'is_small_number <> (shooting_count < 20)',
    ],
    'rpt_shootings_by_state_race_and_year': [
        'shooting_pct not between 0 and 100',
        'race_unknown_pct not between 0 and 100',
        'rate_per_million <= 0',
        'rate_per_million is not null and is_small_number',
        "race_group in ('other', 'unknown') and population is not null",
        "race_group = 'all' and shooting_pct <> 100",
        "race_group = 'unknown' and shooting_pct <> race_unknown_pct",
        "race_group <> 'pacific_islander' and shooting_count is null",
        'is_small_number <> (shooting_count < 20)',
    ],
    'rpt_shootings_by_agency': [
        'shooting_count < 0',
        'mental_illness_count > shooting_count',
        'mental_illness_pct not between 0 and 100',
        'mental_illness_pct is not null and shooting_count < 20',
        'first_shooting_date > last_shooting_date',
        'shooting_count = 0 and first_shooting_date is not null',
    ],
    'rpt_shootings_cumulative_by_day': [
        'day_of_year not between 1 and 366',
        'shooting_count < 0',
        'cumulative_shooting_count < shooting_count',
    ],
} -%}
{% for report, conditions in broken.items() -%}
{% set last_report = loop.last -%}
{% for condition in conditions -%}
select
    '{{ report }}' as report,
    '{{ condition | replace("'", '"') | replace("\n", " ") }}' as broken,
    count(*) as broken_row_count
from {{ ref(report) }}
where {{ condition }}
having count(*) > 0

{{ 'union all' if not (last_report and loop.last) }}

{% endfor -%}
{% endfor -%}
