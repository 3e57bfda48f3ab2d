{# Epoch milliseconds (true UTC, as text) to the wall clock of `zone`. #}
{% macro local_from_epoch_ms(column, zone) -%}
    {{ return(adapter.dispatch('local_from_epoch_ms')(column, zone)) }}
{%- endmacro %}

{# Years 1 to 9999: beyond them the conversion stops the whole query. #}
{% macro default__local_from_epoch_ms(column, zone) -%}
    case
        when {{ as_number(column) }} between -62135596800000 and 253402300799999
            then timezone('{{ zone }}', to_timestamp({{ as_number(column) }} / 1000))
    end
{%- endmacro %}

{% macro bigquery__local_from_epoch_ms(column, zone) -%}
    case
        when {{ as_number(column) }} between -62135596800000 and 253402300799999
            then datetime(
                timestamp_millis(safe_cast({{ as_number(column) }} as int64)),
                '{{ zone }}'
            )
    end
{%- endmacro %}


{# 1 = Monday to 7 = Sunday. #}
{% macro day_of_week_iso(column) -%}
    {{ return(adapter.dispatch('day_of_week_iso')(column)) }}
{%- endmacro %}

{% macro default__day_of_week_iso(column) -%}
    cast(extract(isodow from {{ column }}) as integer)
{%- endmacro %}

{% macro bigquery__day_of_week_iso(column) -%}
    cast(mod(extract(dayofweek from {{ column }}) + 5, 7) + 1 as integer)
{%- endmacro %}


{% macro day_of_week_name(column) -%}
    {{ name_of_number(
        day_of_week_iso(column),
        ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
    ) }}
{%- endmacro %}


{% macro month_name(column) -%}
    {{ name_of_number(
        'extract(month from ' ~ column ~ ')',
        [
            'January', 'February', 'March', 'April', 'May', 'June', 'July',
            'August', 'September', 'October', 'November', 'December'
        ]
    ) }}
{%- endmacro %}


{# The first name for 1, the second for 2, ... #}
{% macro name_of_number(expression, names) -%}
    case {{ expression }}
        {%- for name in names %}
        when {{ loop.index }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}


{% macro iso_week(column) -%}
    {{ return(adapter.dispatch('iso_week')(column)) }}
{%- endmacro %}

{% macro default__iso_week(column) -%}
    cast(extract(week from {{ column }}) as integer)
{%- endmacro %}

{% macro bigquery__iso_week(column) -%}
    cast(extract(isoweek from {{ column }}) as integer)
{%- endmacro %}


{% macro hour_of_day(column) -%}
    cast(extract(hour from {{ column }}) as integer)
{%- endmacro %}


{% macro minute_of_hour(column) -%}
    cast(extract(minute from {{ column }}) as integer)
{%- endmacro %}


{# 1 = January 1. #}
{% macro day_of_year(column) -%}
    {{ return(adapter.dispatch('day_of_year')(column)) }}
{%- endmacro %}

{% macro default__day_of_year(column) -%}
    cast(extract(doy from {{ column }}) as integer)
{%- endmacro %}

{% macro bigquery__day_of_year(column) -%}
    cast(extract(dayofyear from {{ column }}) as integer)
{%- endmacro %}


{# night 0-6, morning 6-12, afternoon 12-18, evening 18-24; unknown without a time. #}
{% macro time_of_day(column) -%}
    case
        when {{ hour_of_day(column) }} < 6 then 'night'
        when {{ hour_of_day(column) }} < 12 then 'morning'
        when {{ hour_of_day(column) }} < 18 then 'afternoon'
        when {{ hour_of_day(column) }} < 24 then 'evening'
        else 'unknown'
    end
{%- endmacro %}


{# A row per day from `first_day` to `last_day`, for each row of `relation`. #}
{% macro days_between(relation, key, first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(relation, key, first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(relation, key, first_day, last_day) -%}
    select
        {{ key }},
        cast(
            generate_series({{ first_day }}, {{ last_day }}, interval '1 day') as date
        ) as date_day
    from {{ relation }}
{%- endmacro %}

{% macro duckdb__days_between(relation, key, first_day, last_day) -%}
    select
        {{ key }},
        cast(
            unnest(generate_series({{ first_day }}, {{ last_day }}, interval '1 day'))
            as date
        ) as date_day
    from {{ relation }}
{%- endmacro %}

{% macro bigquery__days_between(relation, key, first_day, last_day) -%}
    select
        {{ key }},
        date_day
    from {{ relation }}
    cross join unnest(generate_date_array({{ first_day }}, {{ last_day }})) as date_day
{%- endmacro %}


{# The day of an instant on the calendar of `zone`, an expression. #}
{% macro local_day(instant, zone) -%}
    {{ return(adapter.dispatch('local_day')(instant, zone)) }}
{%- endmacro %}

{% macro default__local_day(instant, zone) -%}
    cast(timezone({{ zone }}, {{ instant }}) as date)
{%- endmacro %}

{% macro bigquery__local_day(instant, zone) -%}
    date({{ instant }}, {{ zone }})
{%- endmacro %}


{# Whole microseconds from 1970 (UTC) to an instant: its text is the same everywhere. #}
{% macro epoch_microseconds(instant) -%}
    {{ return(adapter.dispatch('epoch_microseconds')(instant)) }}
{%- endmacro %}

{% macro default__epoch_microseconds(instant) -%}
    cast(extract(epoch from {{ instant }}) * 1000000 as bigint)
{%- endmacro %}

{# Its epoch is a float. #}
{% macro duckdb__epoch_microseconds(instant) -%}
    epoch_us({{ instant }})
{%- endmacro %}

{% macro bigquery__epoch_microseconds(instant) -%}
    unix_micros({{ instant }})
{%- endmacro %}


{#
    The day of the run on the calendar of `zone`, or one `ahead` of it: the day that the
    run was told to take for today, if that is no past one, in BLOTTER_TODAY; else by the
    clock when dbt started.
#}
{% macro run_day(zone, ahead=0) -%}
    {%- set told = env_var('BLOTTER_TODAY', '') -%}
    {%- set later = modules.datetime.timedelta(days=ahead) -%}
    {%- if told -%}
        cast('{{ modules.datetime.date.fromisoformat(told) + later }}' as date)
    {%- else -%}
        {{ local_day(
            "cast('" ~ (run_started_at + later) ~ "' as " ~ type_instant() ~ ")", zone
        ) }}
    {%- endif -%}
{%- endmacro %}


{#
    The first and the last day that `relation`, of cities, can mean: no day of an
    incident is before the city's first year or after the run's tomorrow. A day more than
    today, since clocks differ.
#}
{% macro plausible_days(relation) -%}
    select
        city,
        cast(cast(first_year as {{ dbt.type_string() }}) || '-01-01' as date)
            as first_day,
        {{ run_day('time_zone', ahead=1) }} as last_day
    from {{ relation }}
{%- endmacro %}


{# True where there is a day, and it lies beyond its city's in `spans`. #}
{% macro is_implausible_day(day, spans) -%}
    coalesce(
        {{ day }} not between {{ spans }}.first_day and {{ spans }}.last_day, false
    )
{%- endmacro %}
