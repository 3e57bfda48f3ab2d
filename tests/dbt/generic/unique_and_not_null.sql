{% test unique_and_not_null(model, column_name, follows_builds=false) %}
    select
        {{ column_name }},
        count(*) as row_count
    from {{ model }}
    {{ touched_by_build(model, column_name) if follows_builds }}
    group by {{ column_name }}
    having count(*) > 1 or {{ column_name }} is null
{% endtest %}
