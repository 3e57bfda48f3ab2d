-- Removed rows stay in, with their key and `removed_at` alone: the fact deletes them.
with incidents as (

    {% for model in [
        ref('stg_san_francisco__incidents'),
        ref('stg_chicago__incidents'),
        ref('stg_memphis__incidents'),
        ref('stg_cambridge__incidents'),
    ] -%}
    select
        {{ incident_columns() | join(',\n        ') }},
        removed_at
    from {{ model }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

keyed as (

    select
        city || ':' || row_id as incident_id,
        {% for column in incident_columns() -%}
        {% if column == 'counting_id' -%}
        coalesce(counting_id, row_id) as counting_id,
        {% else -%}
        {{ column }},
        {% endif -%}
        {% endfor -%}
        removed_at

    from incidents

)

select * from keyed
