{# Local times from dates and clocks that are text of several kinds. #}

{#
    As HH:MM:SS. Midnight as 24:00 is that of the published day. Digits alone are hours
    and minutes, which may have lost their zeros; 45 is 00:45.
#}
{% macro clock_text(column, digits='hhmm') -%}
    {%- set text = without_decimals(column) -%}
    {%- set padded = "lpad(" ~ text ~ ", 4, '0')" -%}
    {%- set midnight = '24' if digits == 'hour' else '2400' -%}
    case
        when {{ text }} in ('{{ midnight }}', '24:00', '24:00:00') then '00:00:00'
    {%- if digits == 'hour' %}
        when {{ text_matching(text, '^(?:[01]?[0-9]|2[0-3])$') }} is not null
            then lpad({{ text }}, 2, '0') || ':00:00'
    {%- else %}
        when
            {{ text_matching(
                text, '^(?:[0-5]?[0-9]|[0-9][0-5][0-9]|(?:[01][0-9]|2[0-3])[0-5][0-9])$'
            ) }} is not null
            then
                substr({{ padded }}, 1, 2) || ':' || substr({{ padded }}, 3, 2) || ':00'
    {%- endif %}
        when
            {{ text_matching(
                text,
                '^(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?$'
            ) }} is not null
            then
                substr(
                    case when {{ text }} like '_:%' then '0' else '' end
                    || {{ text }}
                    || ':00',
                    1,
                    8
                )
        when
            {{ text_matching(
                text,
                '^(?:0?[1-9]|1[0-2])(?::[0-5][0-9]){0,2} ?[AaPp][.]?[Mm][.]?$'
            ) }} is not null
            then
                lpad(
                    cast(
                        mod(
                            cast(
                                {{ text_matching(text, '^[0-9]{1,2}') }}
                                as {{ dbt.type_int() }}
                            ),
                            12
                        )
                        + case when upper({{ text }}) like '%P%' then 12 else 0 end
                        as {{ dbt.type_string() }}
                    ),
                    2,
                    '0'
                )
                || substr(
                    coalesce({{ text_matching(text, '(?::[0-9]{2})+') }}, '')
                    || ':00:00',
                    1,
                    6
                )
    end
{%- endmacro %}


{% macro local_from_day_and_clock(day, clock) -%}
    cast(
        cast({{ day }} as {{ dbt.type_string() }}) || ' ' || {{ clock }}
        as {{ type_local_timestamp() }}
    )
{%- endmacro %}


{# By the places of the numbers, which all keep their zeros. #}
{% macro local_from_text(column, pattern) -%}
    {%- set text = trimmed(column) -%}
    {%- set found = namespace(place=1, looks='') -%}
    {%- set parts = {} -%}
    {%- for piece in pattern.split('%') -%}
        {%- if not loop.first -%}
            {%- set width = 4 if piece[0] == 'Y' else 2 -%}
            {%- do parts.update({
                piece[0]: 'substr(' ~ text ~ ', ' ~ found.place ~ ', ' ~ width ~ ')'
            }) -%}
            {%- set looks = '[AaPp][Mm]' if piece[0] == 'p' else '[0-9]' * width -%}
            {%- set found.looks = found.looks ~ looks -%}
            {%- set found.place = found.place + width -%}
        {%- endif -%}
        {%- for sign in (piece if loop.first else piece[1:]) -%}
            {%- set found.looks = found.looks ~ '[' ~ sign ~ ']' -%}
            {%- set found.place = found.place + 1 -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set day = [parts['Y'], parts['m'], parts['d']] | join(" || '-' || ") -%}
    {%- set clock = [parts.get('H', parts.get('I'))] -%}
    {%- for letter in 'MS' if letter in parts -%}
        {%- do clock.append(parts[letter]) -%}
    {%- endfor -%}
    {%- set clock = clock | join(" || ':' || ") if clock[0] else "'00:00:00'" -%}
    {%- if 'p' in parts -%}
        {%- set clock = clock ~ " || ' ' || " ~ parts['p'] -%}
    {%- endif -%}
    {%- set clock = clock_text('(' ~ clock ~ ')', 'hour') -%}
    {{ as_local_timestamp(
        'case when ' ~ text_matching(text, '^' ~ found.looks ~ '$')
        ~ ' is not null then ' ~ day ~ " || ' ' || " ~ clock ~ ' end'
    ) }}
{%- endmacro %}


{% macro local_from_utc(column, zone) -%}
    {{ return(adapter.dispatch('local_from_utc')(
        as_local_timestamp(text_matching(
            trimmed(column), '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}'
        )),
        zone
    )) }}
{%- endmacro %}

{% macro default__local_from_utc(parsed, zone) -%}
    timezone('{{ zone }}', timezone('UTC', {{ parsed }}))
{%- endmacro %}

{% macro bigquery__local_from_utc(parsed, zone) -%}
    datetime(timestamp({{ parsed }}, 'UTC'), '{{ zone }}')
{%- endmacro %}
