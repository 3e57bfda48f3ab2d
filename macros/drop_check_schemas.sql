{# Drop the schemas that the check of a change built in: all that begin with `prefix`. #}
{% macro drop_check_schemas(prefix) %}
    {% if not modules.re.fullmatch('([a-z][a-z0-9_]*_)?check_[a-z0-9]+_', prefix) %}
        {{ exceptions.raise_compiler_error(prefix ~ ' is not the prefix of a check') }}
    {% endif %}
    {% for found in list_schemas(target.database) %}
        {# A row of a statement's result, or a name. #}
        {% set name = found if found is string else found[0] %}
        {% if name.startswith(prefix) %}
            {% do adapter.drop_schema(
                api.Relation.create(database=target.database, schema=name)
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
