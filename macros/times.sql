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


{% macro day_of_year(column) -%}
    {{ return(adapter.dispatch('day_of_year')(column)) }}
{%- endmacro %}

{% macro default__day_of_year(column) -%}
    cast(extract(doy from {{ column }}) as integer)
{%- endmacro %}

{% macro bigquery__day_of_year(column) -%}
    cast(extract(dayofyear from {{ column }}) as integer)
{%- endmacro %}


{% macro time_of_day(column) -%}
    case
        when {{ hour_of_day(column) }} < 6 then 'night'
        when {{ hour_of_day(column) }} < 12 then 'morning'
        when {{ hour_of_day(column) }} < 18 then 'afternoon'
        when {{ hour_of_day(column) }} < 24 then 'evening'
        else 'unknown'
    end
{%- endmacro %}


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


{% macro local_day(instant, zone) -%}
    {{ return(adapter.dispatch('local_day')(instant, zone)) }}
{%- endmacro %}

{% macro default__local_day(instant, zone) -%}
    cast(timezone({{ zone }}, {{ instant }}) as date)
{%- endmacro %}

{% macro bigquery__local_day(instant, zone) -%}
    date({{ instant }}, {{ zone }})
{%- endmacro %}


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


{% macro run_day(zone, ahead=0) -%}
    {%- set given = env_var('BLOTTER_TODAY', '') -%}
    {%- set later = modules.datetime.timedelta(days=ahead) -%}
    {%- if given -%}
        cast('{{ modules.datetime.date.fromisoformat(given) + later }}' as date)
    {%- else -%}
        {{ local_day(
            "cast('" ~ (run_started_at + later) ~ "' as " ~ type_instant() ~ ")", zone
        ) }}
    {%- endif -%}
{%- endmacro %}


{% macro plausible_days(relation) -%}
    select
        city,
        cast(cast(first_year as {{ dbt.type_string() }}) || '-01-01' as date)
            as first_day,
        {{ run_day('time_zone', ahead=1) }} as last_day
    from {{ relation }}
{%- endmacro %}


{% macro is_implausible_day(day, spans) -%}
    coalesce(
        {{ day }} not between {{ spans }}.first_day and {{ spans }}.last_day, false
    )
{%- endmacro %}
