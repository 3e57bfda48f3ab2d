"""The benchmark's table: bars by rows and by machine, and what is over them."""

import pytest

from tools.bars import ALONE, BARS, MODELS, Bar, over, table
from tools.measured import Cost


def costs(alone: float = 15.5, **of_models: float) -> dict[str, Cost]:
    """All well below their bars, but for what is given."""
    cheap = {name: Cost(cpu=0.1, memory=100, written=1) for name in BARS}
    models = Cost(**{"cpu": 0.1, "memory": 100, "written": 1, **of_models})
    return cheap | {ALONE: Cost(alone, 600, 90), MODELS: models}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(50_000, 9.0), (1_000_000, 9.0), (1_000_001, 20.0), (30_000_000, 20.0)],
)
def test_a_bar_is_that_of_the_next_higher_number_of_rows(rows, expected):
    bar = Bar({1_000_000: 9, 4_000_000: 20})
    assert bar.at(rows, alone=7.75, scale=1) == expected


def test_a_bar_moves_with_the_machine():
    assert Bar({4_000_000: 20}).at(4_000_000, alone=31, scale=2) == 40
    assert Bar(times_alone=1.8).at(1_000_000, alone=10, scale=2) == 18
    assert Bar().at(1_000_000, alone=10, scale=2) is None


@pytest.mark.parametrize(
    ("alone", "seconds", "too_much"),
    [
        (15.5, 89, set()),
        (15.5, 91, {MODELS}),
        (31.0, 91, set()),
        (7.75, 46, {MODELS}),
    ],
)
def test_a_line_says_when_it_is_over_its_bar(alone, seconds, too_much):
    given = costs(alone, cpu=seconds), 4_000_000, 1_000_000
    assert over(*given) == too_much
    lines = [line for line in table(*given) if line.endswith(" over")]
    assert [line.startswith(MODELS) for line in lines] == [True] * len(too_much)


def test_memory_has_bars_too():
    publication = "publication from nothing"
    heavy = costs() | {publication: Cost(0.1, 801, 1)}
    assert over(heavy, 4_000_000, 1_000_000) == {publication}


def test_the_table_has_each_figure_beside_its_bar():
    lines = list(table(costs(31, cpu=123.45, memory=1234), 4_000_000, 1_000_000))
    assert "takes 2.00 times as long" in lines[0]
    (models,) = (line.split() for line in lines if line.startswith(MODELS))
    assert models == [*MODELS.split(), "123.5", "180.0", "1,234", "1"]
