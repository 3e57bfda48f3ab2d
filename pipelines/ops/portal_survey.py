"""Check what portals publish: is it there, fresh, and as declared?"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.overrides import as_set
from pipelines.datasets.windows import local_day
from pipelines.errors import BlotterError, PortalMovedError
from pipelines.ops.findings import Finding, age_in_words, short
from pipelines.ops.parts_survey import part_findings
from pipelines.ops.soda_versions import version_findings
from pipelines.portals.columns import check_columns
from pipelines.portals.http.moves import to_paste
from pipelines.portals.parts import PartsReader
from pipelines.portals.reader import Published, Reader, Survey
from pipelines.portals.registry import reader_for
from pipelines.settings import Settings
from pipelines.sync.parts import missed_parts


def portals(
    datasets: Iterable[Dataset], settings: Settings, now: datetime
) -> Iterator[Finding]:
    """Check each data set at its portal, then how the portals took the app token."""
    took = {}
    patience = short(settings.patience)
    for dataset in datasets:
        day = local_day(now, dataset.tzinfo)
        there = as_set(dataset, settings).on_day(day)
        reader = reader_for(there, patience, settings.identity)
        findings = list(data_set_findings(reader, dataset, now))
        yield from findings
        state = reader.token_state()
        if state and findings[0].level != "fail":
            took[reader.dataset.host] = state
    yield from token_findings(took)


def data_set_findings(
    reader: Reader, declared: Dataset, now: datetime
) -> Iterator[Finding]:
    """Reachability and freshness, columns, key, and how the publisher updates.

    A failure is always the last of a data set's findings.

    Args:
        declared: The data set as declared in its file, wherever it is read from.
    """
    name = declared.name
    try:
        yield from examine(reader, now)
    except BlotterError as error:
        yield Finding("fail", name, what_failed(declared, error))


def what_failed(declared: Dataset, error: BlotterError) -> str:
    """Describe a failure; for a move, say what to do about it."""
    address = error.address if isinstance(error, PortalMovedError) else None
    if address is None:
        return str(error).removeprefix(f"{declared.name}: ")
    if address == declared.url:
        return f"moved to {address}, which is declared already: unset BLOTTER_PORTAL."
    return f"moved: put {to_paste(declared, address)} into {declared.name}.toml."


def examine(reader: Reader, now: datetime) -> Iterator[Finding]:
    """Ask a portal about its data set.

    Raises:
        PortalError: It does not answer, or lacks a file or declared columns.
    """
    dataset = reader.dataset
    published = reader.probe()
    yield freshness_finding(dataset, published, now)
    warnings = check_columns(dataset, published)
    day = local_day(now, dataset.tzinfo)
    of_parts, _ = missed_parts(reader, day)
    warnings += of_parts
    for warning in warnings:
        said = warning.removeprefix(f"{dataset.name}: ")
        yield Finding("warn", dataset.name, said)
    if not warnings:
        all_of = f"all {len(dataset.columns)} declared columns are published"
        yield Finding("ok", dataset.name, all_of)
    if clock := reader.check_clock():
        yield Finding("ok", dataset.name, clock)
    yield from version_findings(reader)
    window = dataset.window_on(day)
    survey = reader.survey(window)
    yield key_finding(dataset, survey, str(window))
    yield update_finding(dataset, survey)
    if isinstance(reader, PartsReader):
        yield from part_findings(reader, now)
    _, failure = missed_parts(reader, day)
    if failure:
        raise failure


def freshness_finding(dataset: Dataset, published: Published, now: datetime) -> Finding:
    said = f"{dataset.host} answers"
    if published.updated_at is None:
        return Finding("ok", dataset.name, f"{said}; it does not publish update times")
    age = now - published.updated_at
    if age < timedelta(minutes=-10):
        return Finding(
            "warn",
            dataset.name,
            f"{said} that it was updated at {published.updated_at:%F %H:%M} UTC, which "
            "is in the future; check this machine's clock.",
        )
    said += f"; last updated {age_in_words(age)} ago"
    if age > timedelta(days=dataset.standstill_days):
        said += "; check whether the publisher has stopped or moved it."
        return Finding("warn", dataset.name, said)
    return Finding("ok", dataset.name, said)


def key_finding(dataset: Dataset, survey: Survey, window: str) -> Finding:
    """Whether every row has a key, and a unique one if declared so."""
    key, rows = dataset.key[0], survey.rows
    if not rows:
        said = f"no rows are published for {window}; check whether the city has stopped"
        return Finding("warn", dataset.name, f"{said} publishing.")
    missing = 0 if survey.keyed is None else rows - survey.keyed
    if missing:
        over = missing > rows * dataset.reject_limit_pct / 100
        then = "more than `reject_limit_pct` allows" if over else "they become rejects"
        return Finding(
            "fail" if over else "warn",
            dataset.name,
            f"{missing:,} of {rows:,} rows of {window} have no {key}; {then}. Tell the "
            f"publisher, or choose another `key` in {dataset.name}.toml.",
        )
    if survey.different is not None and survey.different < rows:
        return Finding(
            "fail",
            dataset.name,
            f"{key} is not unique: {rows:,} rows of {window} have only "
            f"{survey.different:,} values, and of rows that share a value only the "
            "newest is kept. Correct `key` or `key_is_unique` in "
            f"{dataset.name}.toml.",
        )
    unique = "a" if survey.different is None else "a unique"
    return Finding(
        "ok", dataset.name, f"all {rows:,} rows of {window} have {unique} {key}"
    )


def update_finding(dataset: Dataset, survey: Survey) -> Finding:
    """Whether the publisher upserts rows or replaces the table."""
    if survey.rows < 2:
        said = "too few rows to tell whether they are updated in place"
    elif dataset.is_file:
        said = "a file: read in full when it has changed, and compared row by row"
    elif survey.first_update is None:
        said = "the portal does not show whether rows are updated in place"
    elif survey.first_update == survey.last_update:
        said = (
            "the publisher replaces the whole table: only the weekly comparison finds "
            "late edits"
        )
    else:
        said = "the publisher updates rows in place"
    return Finding("ok", dataset.name, said)


def token_findings(took: dict[str, str]) -> Iterator[Finding]:
    """How the portals took the app token, by host."""
    refused = [host for host, state in took.items() if state == "refused"]
    accepted = [host for host, state in took.items() if state == "accepted"]
    if refused:
        yield Finding(
            "fail",
            "token",
            f"{', '.join(refused)} refused SOCRATA_APP_TOKEN, so runs read without it. "
            "Set it to the app token, not the secret token or an API key's ID; or "
            "unset it.",
        )
    if accepted:
        yield Finding("ok", "token", f"accepted by {', '.join(accepted)}")
    if took and not refused and not accepted:
        yield Finding("ok", "token", "not set; with one, portals throttle less")
