{% set fields = [
    'threat_type', 'flee_status', 'armed_with', 'gender', 'race', 'race_source',
    'location_precision',
] -%}

with shootings as (

    select * from {{ ref('stg_washington_post__shootings') }}

),

shooting_codes as (

    select * from {{ ref('shooting_codes') }}

),

published as (

    {% for field in fields -%}
    select
        shooting_id,
        '{{ field }}' as field,
        {{ field }} as codes
    from shootings
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

parts as (

    {{ parts_of_lists('published', ['shooting_id', 'field'], 'codes') }}

),

codes as (

    select
        shooting_id,
        field,
        position,
        {{ clean_text('part') }} as code

    from parts

),

labeled as (

    select
        codes.shooting_id,
        codes.field,
        codes.position,
        codes.code,
        coalesce(shooting_codes.label, codes.code) as label,
        shooting_codes.code is not null as is_known

    from codes
    left join shooting_codes
        on codes.field = shooting_codes.field
        and codes.code = shooting_codes.code
    where codes.code is not null

)

select * from labeled
