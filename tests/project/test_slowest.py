"""What the end of `make test` says of the time it took."""

from types import SimpleNamespace

from tests.support.slowest import lines, seconds_by_module


def test_the_slowest_modules_are_summed_over_setup_call_and_teardown():
    took = [
        ("tests/test_a.py::test_one", 1.0),
        ("tests/test_a.py::test_one", 0.25),
        ("tests/test_b.py::test_two[x::y]", 3.5),
        ("tests/test_a.py::test_three", 0.5),
    ]
    reports = [SimpleNamespace(nodeid=nodeid, duration=s) for nodeid, s in took]
    collected = SimpleNamespace(nodeid="tests/test_c.py")
    assert lines(seconds_by_module([*reports, collected])) == [
        "    3.5 s  tests/test_b.py",
        "    1.8 s  tests/test_a.py",
        "    5.2 s  all 2 modules",
    ]


def test_ten_modules_are_shown_and_all_are_counted():
    reports = [
        SimpleNamespace(nodeid=f"tests/test_{number}.py::test_it", duration=number)
        for number in range(12)
    ]
    shown = lines(seconds_by_module(reports))
    assert shown[0] == "   11.0 s  tests/test_11.py"
    assert shown[9:] == ["    2.0 s  tests/test_2.py", "   66.0 s  all 12 modules"]
