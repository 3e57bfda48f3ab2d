"""What the local portal makes of SoQL, compared with answers worked out by hand."""

from datetime import UTC, datetime

import pytest

from demo.portal.soda import read
from demo.portal.soql.expression import SoqlError
from demo.portal.soql.query import parse
from demo.portal.store import Dataset, Store

ROWS = [
    {"name": "O'HARE", "code": "05", "size": 9, "at": "2026-08-31T23:59:59.999"},
    {"name": "Loop", "code": "5", "size": 10, "at": "2026-09-01", "open": True},
    {"name": "", "code": "7", "size": 2.5, "at": "2026-09-30T07:09:00", "open": False},
    {"code": "9", "size": None, "at": None},
]
COLUMNS = {
    "name": "text",
    "code": "text",
    "size": "number",
    "at": "calendar_date",
    "open": "checkbox",
    ":@computed_region_1": "number",
}


@pytest.fixture(scope="module")
def dataset():
    store = Store(lambda: datetime(2026, 11, 1, 6, 30, tzinfo=UTC))
    return Dataset(store, "abcd-1234", ROWS, COLUMNS, "code")


def ask(dataset, **clauses):
    query = parse({f"${name}": text for name, text in clauses.items()}, dataset)
    return read(query, dataset, salt=1).to_pylist()


def codes(dataset, where, order="code"):
    rows = ask(dataset, select="code", where=where, order=order)
    return [row["code"] for row in rows]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("size < 10", ["05", "7"]),
        ("size = '10'", ["5"]),
        ("size between 2.5 and 9", ["05", "7"]),
        ("size not between 2.5 and 9", ["5"]),
        ("size > -1 and size * 2 = 5", ["7"]),
        ("code in('05','9')", ["05", "9"]),
        ("code not in ('05', '9')", ["5", "7"]),
        ("name = 'O''HARE'", ["05"]),
        ("name = ''", ["7"]),
        ("name is null", ["9"]),
        ("`name` IS NOT NULL AND NOT open", ["7"]),
        ("open = true", ["5"]),
        ("open = 'true' OR at IS NULL", ["5", "9"]),
        ("name like 'L%'", ["5"]),
        ("starts_with(lower(name), 'lo')", ["5"]),
        ("at >= '2026-09-01'", ["5", "7"]),
        ("at >= '2026-09-01T00:00:00.000' AND at < '2026-10-01T00:00:00'", ["5", "7"]),
        ("at < '2026-09-01T00:00'", ["05"]),
        ("date_extract_hh(at) = 7", ["7"]),
        ("date_extract_dow(at) = 2", ["5"]),
        ("(size > 9 or size < 3) and not (code = '5')", ["7"]),
        ("case(size > 9, 'big', true, 'small') = 'big'", ["5"]),
        ("code::number = 5", ["05", "5"]),
        ("size in('2.5','10')", ["5", "7"]),
        (":updated_at = '2026-11-01T06:30:00Z'", ["05", "5", "7", "9"]),
        (":updated_at > '2026-11-01T01:30:00-05:00'", []),
    ],
)
def test_a_condition_selects_the_rows_that_a_reader_expects(dataset, where, expected):
    assert codes(dataset, where) == expected


def test_numbers_compare_exactly_however_they_are_written():
    """Whole, of more digits than a float holds; with a fraction; negative; none."""
    given = ["9007199254740992", "9007199254740993", "0.30000000000001", "-7", "x", "7"]
    given += ["123456789012345678901234"]
    rows = [{"key": str(n), "size": text} for n, text in enumerate(given)]
    store = Store(lambda: datetime(2026, 11, 1, 6, 30, tzinfo=UTC))
    numbers = Dataset(store, "numb-ers0", rows, {"key": "text", "size": "number"})

    def having(where):
        rows = ask(numbers, select="size", where=where, order="key")
        return [row["size"] for row in rows]

    assert having("size = '9007199254740993'") == ["9007199254740993"]
    assert having("size > 9007199254740992") == [given[1], given[6]]
    assert having("size > 0.3 and size < 0.31") == ["0.30000000000001"]
    assert having("size < 0") == ["-7"]
    assert having("size = 7") == ["7"]


def test_numbers_order_as_numbers_and_nulls_count_as_greatest(dataset):
    assert codes(dataset, "code is not null", "size") == ["7", "05", "5", "9"]
    assert codes(dataset, "code is not null", "size desc") == ["9", "5", "05", "7"]


def test_groups_have_aliases_and_plain_numbers(dataset):
    months = ask(
        dataset,
        select="date_trunc_ym(at) as month,count(*) as n,sum(size) as total",
        group="month",
        order="month",
    )
    assert months == [
        {"month": "2026-08-01T00:00:00.000", "n": "1", "total": "9"},
        {"month": "2026-09-01T00:00:00.000", "n": "2", "total": "12.5"},
        {"month": None, "n": "1", "total": None},
    ]


def test_having_filters_groups(dataset):
    months = ask(
        dataset, select="date_trunc_ym(at) as m", group="m", having="count(*) > 1"
    )
    assert months == [{"m": "2026-09-01T00:00:00.000"}]


def test_aggregates_without_alias_get_names_of_their_own(dataset):
    (row,) = ask(
        dataset, select="count(*),count(name),count(distinct open),min(at),max(size)"
    )
    assert row == {
        "count": "4",
        "count_name": "3",
        "count_open": "2",
        "min_at": "2026-08-31T23:59:59.999",
        "max_size": "10",
    }


def test_a_whole_query_may_come_in_one_parameter(dataset):
    text = "SELECT code, size AS s WHERE s > 2 ORDER BY s DESC LIMIT 1 OFFSET 1"
    assert ask(dataset, query=text) == [{"code": "05", "s": "9"}]


def test_a_star_brings_computed_regions_only_without_an_order(dataset):
    assert ":@computed_region_1" in ask(dataset, select="*")[0]
    assert ":@computed_region_1" not in ask(dataset, select="*", order=":id")[0]
    assert list(ask(dataset, select=":*,*", order=":id")[0])[:5] == [
        ":id",
        ":created_at",
        ":updated_at",
        ":version",
        "name",
    ]


def test_the_hidden_number_orders_row_ids_and_their_text_does_not(dataset):
    rows = ask(dataset, select="*,:id", order=":id")
    assert [row["code"] for row in rows] == ["05", "5", "7", "9"]
    after = f":id > '{rows[1][':id']}'"
    assert codes(dataset, after, ":id") == ["7", "9"]
    ids = [row[":id"] for row in rows]
    assert ids != sorted(ids)


def test_a_search_finds_words_in_any_text_column(dataset):
    assert [row["code"] for row in ask(dataset, q="loop")] == ["5"]


def test_sodas_old_version_ignores_the_case_of_text(dataset):
    query = parse({"$where": "name = 'LOOP'"}, dataset, ignore_case=True)
    assert read(query, dataset, salt=1).num_rows == 1
    assert codes(dataset, "name = 'LOOP'") == []


@pytest.mark.parametrize(
    ("clauses", "code", "message"),
    [
        ({"where": "nope = 1"}, "query.soql.no-such-column", "nope"),
        ({"select": "soundex(name)"}, "query.soql.no-such-function", "soundex"),
        ({"where": "at > '2026-09-01T00:00:00Z'"}, "query.soql.type-mismatch", "Z"),
        ({"where": "at > '2026-09-01T00:00:00-05:00'"}, "query.soql.type-mismatch", ""),
        ({"where": "at > '2026-09-01 00:00:00'"}, "query.soql.type-mismatch", ""),
        ({"where": "code > 5"}, "query.soql.type-mismatch", ""),
        ({"where": "size > 'many'"}, "query.soql.type-mismatch", "many"),
        ({"where": ":id > 'x!'"}, "query.soql.type-mismatch", ""),
        ({"where": "code = 'x"}, "query.soql.unterminated-string", ""),
        ({"where": "size > > 1"}, "query.soql.bad-parse", ">"),
        ({"where": "size > 1)"}, "query.soql.bad-parse", ")"),
        ({"limit": "many"}, "query.soql.bad-parse", "many"),
        ({"where": "count(*) > 1"}, "query.soql.aggregate-in-ungrouped-context", ""),
        (
            {"select": "name,count(*)"},
            "query.soql.column-not-in-group-bys",
            "name",
        ),
        ({"select": "code as a,name as a"}, "query.soql.duplicate-alias", "a"),
        (
            {"select": ":id,*"},
            "soql.parser.unexpected-star-select",
            "Star selections must come at the start of the select-list",
        ),
        (
            {"select": "*,:*"},
            "soql.parser.unexpected-star-select",
            "System column star selections must come before user column star "
            "selections",
        ),
    ],
)
def test_a_wrong_query_is_refused_with_its_code(dataset, clauses, code, message):
    with pytest.raises(SoqlError) as refused:
        ask(dataset, **clauses)
    assert refused.value.code == code
    assert message in refused.value.message
