"""What `make lint` finds in SQL as it is written."""

import pytest

from tools import lint_sql

MODEL = """with days as (

    select * from {{ ref('days') }}

),

counted as (

    select date_day, count(*) as day_count
    from days
    group by date_day

)

select * from counted
"""


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("    , city", "begins with a comma"),
        ("    day::date as day,", "casts with ::"),
        ("SELECT * FROM days", "has a keyword in capitals"),
        ("{% if target.type == 'postgres' %}", "asks which warehouse it is"),
        ("    city,  ", "has a tab or trailing whitespace"),
        ("\tcity,", "has a tab or trailing whitespace"),
        (f"-- {'a' * 86}", "is longer than 88"),
    ],
)
def test_a_fault_is_told_with_its_line(line, fault):
    (found,) = lint_sql.faults_of_lines(f"-- first\n{line}\n")
    assert found.startswith(f"2: {fault}")


@pytest.mark.parametrize(
    "line",
    [
        "    '::' as mark,  -- SELECT, as SQL has it",
        "    'AND', 'OR',",
        f"-- {'a' * 85}",
    ],
)
def test_texts_and_comments_may_hold_anything(line):
    assert list(lint_sql.faults_of_lines(line)) == []


def test_a_model_ends_with_its_last_cte():
    assert lint_sql.ends_well(MODEL)
    assert lint_sql.ends_well("{{ staged_changes(source('here', 'changes')) }}\n")
    assert not lint_sql.ends_well(MODEL.replace("from counted", "from days"))
    assert not lint_sql.ends_well(MODEL + "limit 1\n")
    assert not lint_sql.ends_well("select 1 as one\n")


def test_the_project_is_written_so():
    assert list(lint_sql.faults_as_written(lint_sql.ROOT)) == []
