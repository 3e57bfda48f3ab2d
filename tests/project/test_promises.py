"""Every failure mode and every promise has its tests: promises.toml lists them."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FILES = {path.name: path for path in TESTS.rglob("*.*")}
PROMISES = tomllib.loads((TESTS / "promises.toml").read_text())


def written(file: Path) -> dict[str, str]:
    """The tests of a file, by name, with their docstrings."""
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def listed(kind: str) -> dict[int, list[str]]:
    return {int(number): entry["tests"] for number, entry in PROMISES[kind].items()}


def exists(name: str) -> bool:
    """Whether there is such a test of pytest's, or of dbt's."""
    file, _, test = name.partition("::")
    path = FILES.get(file)
    if path is None:
        return False
    return test in written(path) if test else path.suffix == ".sql"


@pytest.mark.parametrize(("kind", "last"), [("failure_modes", 25), ("promises", 22)])
def test_every_number_has_tests_and_all_of_them_exist(kind, last):
    found = listed(kind)
    assert list(found) == list(range(1, last + 1))
    for number, tests in found.items():
        assert tests, f"{kind} {number} has no test"
        gone = [name for name in tests if not exists(name)]
        assert gone == [], f"{kind} {number}"
        assert len(set(tests)) == len(tests), f"{kind} {number}"


def test_a_docstring_that_begins_with_a_number_is_listed_under_it():
    name = "test_failure_modes.py"
    for test, docstring in written(FILES[name]).items():
        if number := re.match(r"(\d+):", docstring):
            assert f"{name}::{test}" in listed("failure_modes")[int(number[1])]


def test_a_test_that_is_gone_is_noticed():
    mine = Path(__file__).name
    assert exists(f"{mine}::test_a_test_that_is_gone_is_noticed")
    assert exists("assert_rows_are_conserved.sql")
    for name in (
        mine,
        f"{mine}::test_that_is_none",
        "test_none.py::test_a",
        "none.sql",
    ):
        assert not exists(name), name
