"""What a run of pytest says at its end of the tests that skipped."""

from types import SimpleNamespace

import pytest

from tests.support import needs


def skipped(reason):
    return SimpleNamespace(longrepr=("tests/test_a.py", 7, f"Skipped: {reason}"))


def test_a_need_is_told_with_what_to_install():
    with pytest.raises(pytest.skip.Exception, match="needs Chromium: apt-get install"):
        needs.CHROMIUM.skip()


def test_the_table_has_one_line_for_each_need_the_commonest_first():
    reports = [
        skipped(needs.container(["buildah", "root"])),
        skipped(needs.POSTGRES),
        skipped("it is Monday"),
        skipped(needs.POSTGRES),
    ]
    assert needs.table(reports) == [
        "tests  need                 to run them",
        "    2  a PostgreSQL server  apt-get install postgresql",
        "    1  buildah, root        as root, apt-get install buildah debootstrap",
        "    1  it is Monday",
    ]


def test_a_run_ends_with_the_table(pytester):
    """Skips of the whole module, of a fixture, of a mark and of the test are in it."""
    pytester.makeconftest("from tests.conftest import pytest_terminal_summary")
    pytester.makepyfile(
        test_whole="""
        import pytest
        from tests.support import needs
        pytest.skip(str(needs.BIGQUERY), allow_module_level=True)
        """,
        test_parts="""
        import pytest
        from tests.support import needs

        @pytest.fixture
        def server():
            needs.POSTGRES.skip()

        def test_with_a_fixture(server): ...

        @pytest.mark.skipif(True, reason=str(needs.POSTGRES))
        def test_with_a_mark(): ...

        def test_that_finds_out():
            needs.POSTGRES.skip()
        """,
    )
    out = pytester.runpytest_inprocess().stdout
    out.fnmatch_lines(
        [
            "*= skipped =*",
            "tests  need  *to run them",
            "    3  a PostgreSQL server  *apt-get install postgresql",
            "    1  emulators of BigQuery and Cloud Storage  make emulator",
        ]
    )


def test_a_run_in_which_none_skips_has_no_table(pytester):
    pytester.makeconftest("from tests.conftest import pytest_terminal_summary")
    pytester.makepyfile("def test_it(): ...")
    pytester.runpytest_inprocess().stdout.no_fnmatch_line("*= skipped =*")
