"""The local portal by SODA 3: the tables of SODA 2, queried by a statement."""

import pytest
import requests

from demo.portal.server import Fault, Portal, serve

COLUMNS = {
    "row_id": "text",
    "size": "number",
    "note": "text",
    ":@computed_region_ab12_cd34": "number",
}
REGION = ":@computed_region_ab12_cd34"
ROWS = [
    {"row_id": f"{number:04d}", "size": number % 3, "note": None, REGION: "7"}
    for number in range(1_200)
]
FEW = {"includeSystem": False, "includeSynthetic": False}
SYSTEM = [":id", ":created_at", ":updated_at", ":version"]


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    portal.add_soda("abcd-1234", ROWS, COLUMNS, "row_id")
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.requests.clear()
    yield portal
    portal.heal()
    portal.app_tokens = None


@pytest.fixture
def ask(portal, served):
    """Post a statement and options; the response."""
    _, url = served

    def post(query="select *", form="json", name="abcd-1234", headers=None, **options):
        return requests.post(
            f"{url}/api/v3/views/{name}/query.{form}",
            json={"query": query, **options},
            headers=headers,
            timeout=5,
        )

    return post


@pytest.fixture
def get(served):
    _, url = served
    return lambda path, **query: requests.get(url + path, params=query, timeout=5)


def test_all_rows_come_where_no_page_is_asked_for(ask):
    """SODA 2 would send 1,000."""
    assert len(ask(**FEW).json()) == 1_200
    assert len(ask("select * limit 5", **FEW).json()) == 5


def test_a_page_is_counted_from_one(ask):
    page = {"pageNumber": 5, "pageSize": 10}
    rows = ask("select row_id order by row_id", page=page).json()
    assert [row["row_id"] for row in rows] == [f"{n:04d}" for n in range(40, 50)]
    assert ask(page={"pageNumber": 500, "pageSize": 10}).text == "[]\n"


def test_a_page_is_of_what_the_statements_own_limit_leaves(ask):
    page = {"pageNumber": 2, "pageSize": 10}
    rows = ask("select row_id order by row_id limit 14 offset 3", page=page).json()
    assert [row["row_id"] for row in rows] == ["0013", "0014", "0015", "0016"]
    beyond = {"pageNumber": 3, "pageSize": 10}
    assert ask("select row_id limit 14", page=beyond).json() == []


@pytest.mark.parametrize("how", ["page", "orderingSpecifier"])
def test_a_page_and_a_total_order_leave_no_order_to_chance(ask, how):
    options = {
        "page": {"page": {"pageNumber": 1, "pageSize": 1_200}},
        "orderingSpecifier": {"orderingSpecifier": "total"},
    }[how]
    first, second = (
        ask("select row_id, size order by size", **options).json() for _ in range(2)
    )
    assert first == second
    expected = sorted(range(1_200), key=lambda n: (n % 3, n))
    assert [int(row["row_id"]) for row in first] == expected


@pytest.mark.parametrize(
    ("statement", "options"),
    [
        ("select row_id", {}),
        ("select row_id order by row_id", {"orderingSpecifier": "discard"}),
    ],
)
def test_rows_without_an_order_come_shuffled(ask, statement, options):
    first, second = (ask(statement, **options).json() for _ in range(2))
    assert first != second
    assert {row["row_id"] for row in first} == {row["row_id"] for row in second}


def test_system_columns_and_regions_come_unless_they_are_switched_off(ask):
    one = "select * limit 1"
    assert set(ask(one).json()[0]) == {*SYSTEM, "row_id", "size", REGION}
    assert set(ask(one, **FEW).json()[0]) == {"row_id", "size"}
    assert set(ask(one, includeSystem=False).json()[0]) == {"row_id", "size", REGION}


def test_a_rows_id_may_have_another_name(ask):
    """Whether it keeps its own without system columns is nowhere documented."""
    statement = "select row_id, :id as portal_row_id limit 1"
    (row,) = ask(statement, **FEW).json()
    assert row["portal_row_id"].startswith("row-")
    assert list(ask("select row_id, :id limit 1", **FEW).json()[0]) == ["row_id"]


@pytest.mark.parametrize("form", ["json", "csv", "geojson"])
def test_a_format_is_written_as_by_soda_2(ask, get, form):
    by_three = ask("select row_id, size order by :id limit 3", form, **FEW)
    by_two = get(
        f"/resource/abcd-1234.{form}",
        **{"$select": "row_id, size", "$order": ":id", "$limit": 3},
    )
    assert by_three.content == by_two.content
    for name in ("Content-Type", "Last-Modified", "X-SODA2-Fields", "X-SODA2-Types"):
        assert by_three.headers[name] == by_two.headers[name]


def test_another_statement_has_another_tag(ask):
    tags = {ask(f"select row_id limit {n}").headers["ETag"] for n in (1, 2)}
    assert len(tags) == 2


def test_a_get_takes_the_options_as_parameters(get, portal):
    answer = get(
        "/api/v3/views/abcd-1234/query.json",
        query="select * order by row_id",
        pageNumber=2,
        pageSize=3,
        includeSystem="false",
        includeSynthetic="false",
    )
    assert [row["row_id"] for row in answer.json()] == ["0003", "0004", "0005"]
    assert set(answer.json()[0]) == {"row_id", "size"}


def test_what_is_posted_is_recorded_and_may_be_struck_by_a_fault(ask, portal):
    portal.fail(Fault("status", 503, query="count(", times=None))
    assert ask("select row_id limit 1").status_code == 200
    counted = ask("select count(*) as n", page={"pageNumber": 1, "pageSize": 5})
    assert counted.status_code == 503
    assert portal.requests[-1].query == {
        "query": "select count(*) as n",
        "page": '{"pageNumber": 1, "pageSize": 5}',
    }


def test_a_count_is_of_all_rows(ask):
    page = {"pageNumber": 1, "pageSize": 50}
    assert ask("select count(*) as n").json() == [{"n": "1200"}]
    total = {"page": page, "orderingSpecifier": "total"}
    groups = ask("select size, count(*) as n group by size order by size", **total)
    assert groups.json() == [{"size": str(size), "n": "400"} for size in range(3)]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"query": "select nope"}, 400, "query.soql.no-such-column"),
        ({"query": "choose *"}, 400, "query.soql.bad-parse"),
        ({"page": {"pageNumber": 0, "pageSize": 5}}, 400, "req.bad-page"),
        ({"page": {"pageNumber": 1, "pageSize": "x"}}, 400, "req.bad-page"),
        ({"page": 7}, 400, "req.bad-page"),
        ({"orderingSpecifier": "some"}, 400, "req.bad-ordering"),
        ({"form": "xls"}, 406, "schema-invalid-for-mime-type"),
        ({"name": "wxyz-9876"}, 404, "dataset.missing"),
    ],
)
def test_an_error_has_the_shape_that_it_has_by_soda_2(ask, asked, status, code):
    answer = ask(**asked)
    body = answer.json()
    assert answer.status_code == status
    assert (body.get("errorCode") or body.get("code")) == code
    assert body["message"]


def test_a_body_that_is_no_object_is_refused(served):
    _, url = served
    headers = {"Content-Type": "application/json"}
    address = f"{url}/api/v3/views/abcd-1234/query.json"
    for body in ("[1]", "{", "x"):
        answer = requests.post(address, data=body, headers=headers, timeout=5)
        assert answer.status_code == 400


def test_a_token_is_taken_from_the_header(ask, portal):
    portal.app_tokens = {"righttoken"}
    assert ask().status_code == 200
    assert ask(headers={"X-App-Token": "righttoken"}).status_code == 200
    assert ask(headers={"X-App-Token": "wrongtoken"}).status_code == 403
    portal.fail(Fault("needs_token", path="/api/v3/*", times=None))
    closed = ask()
    assert closed.status_code == 403
    assert closed.json()["code"] == "authentication_required"


def test_an_end_may_be_announced_of_one_api_alone(ask, get, portal):
    sunset = {"Sunset": "Thu, 30 Sep 2027 00:00:00 GMT"}
    portal.fail(Fault("announce", headers=sunset, path="/resource/*", times=None))
    assert get("/resource/abcd-1234.json").headers["Sunset"] == sunset["Sunset"]
    assert len(get("/resource/abcd-1234.json").json()) == 1_000
    assert "Sunset" not in ask().headers
