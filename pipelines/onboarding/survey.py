"""Ask a portal what a proposal needs to know, in at most a dozen requests."""

from datetime import datetime

from pipelines.errors import PortalError
from pipelines.onboarding import offenses
from pipelines.onboarding.addresses import Address
from pipelines.onboarding.asking import Line
from pipelines.onboarding.carto import CartoTable
from pipelines.onboarding.dates import date_columns
from pipelines.onboarding.facts import Seen
from pipelines.onboarding.keys import by_values, key_candidates
from pipelines.onboarding.layers import LayerTable
from pipelines.onboarding.offense_names import Offense
from pipelines.onboarding.persons import free_text_columns, person_columns
from pipelines.onboarding.places import find_areas
from pipelines.onboarding.services import layer_of
from pipelines.onboarding.socrata import SocrataTable
from pipelines.onboarding.sql_tables import CkanTable
from pipelines.onboarding.tables import Description, Table
from pipelines.onboarding.whole_files import FileTable

# Columns of dates whose span is asked for.
MOST_DATES = 10

# Columns of offenses whose values are counted, a request each.
MOST_COUNTED = 2


def open_table(address: Address, line: Line) -> tuple[Address, Table]:
    """The table at an address; an item or a service is asked for its layer.

    Raises:
        PortalError: There is none, or there are several.
    """
    if address.platform in ("item", "service", "arcgis"):
        address, item = layer_of(address, line)
        return address, LayerTable(address, line, item)
    kinds: dict[str, type[SocrataTable | CkanTable | CartoTable | FileTable]] = {
        "soda2": SocrataTable,
        "ckan": CkanTable,
        "carto": CartoTable,
        "file": FileTable,
    }
    return address, kinds[address.platform](address, line)


def as_file(address: Address) -> Address:
    """The dump of a CKAN table, for a portal that answers no SQL."""
    root = address.url.partition("/dataset/")[0].partition("/resource/")[0]
    url = f"{root}/datastore/dump/{address.id}"
    return Address("file", url, address.page, "csv")


def first_look(table: Table, described: Description, platform: str) -> Seen:
    """A sample, and figures of what may be keys and dates.

    Raises:
        PortalError: It does not answer, or there is nothing to load.
    """
    seen = Seen(described)
    seen.rows = table.sample()
    if not seen.rows:
        raise PortalError(
            f"The table has no rows ({seen.described.title or 'without a title'}): "
            "without any, neither key nor dates can be found."
        )
    left_out = set(person_columns(seen))
    keys = key_candidates(seen, left_out)
    keys += [name for name in by_values(seen, left_out) if name not in keys]
    dates = [c.name for c in date_columns(seen, platform)][:MOST_DATES]
    seen.figures = table.figures(keys, dates)
    return seen


def look_closer(
    table: Table,
    seen: Seen,
    window: str | None,
    now: datetime,
    codes: dict[str, Offense],
) -> None:
    """The newest rows, and the values of the columns that may say what happened.

    Args:
        window: None where text does not tell which rows are newest.
    """
    if window:
        seen.newest = table.newest(window, now)
    persons = person_columns(seen)
    left_out = {*persons, *free_text_columns(seen, persons)}
    areas, _ = find_areas(seen, left_out)
    names = offenses.offense_columns(seen, left_out, areas.values())
    code = offenses.find_code(seen, names, codes)
    wanted = [code, offenses.find_category(seen, names, code)]
    for name in list(filter(None, wanted))[:MOST_COUNTED]:
        if counted := table.values(name):
            seen.values[name] = counted
