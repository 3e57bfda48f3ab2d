"""Parts of a data set: which there are on a day, and what is wrong with them."""

import re
from datetime import date

import msgspec
import pytest

from pipelines.datasets.dataset import SodaDataset
from pipelines.datasets.declarations import FOLDER, read_dataset
from pipelines.datasets.parts import Part, of_month, on_day
from pipelines.datasets.windows import Window
from pipelines.errors import ConfigError
from pipelines.portals.parts_found import surveyed
from pipelines.portals.reader import Survey

ALONE = (FOLDER / "cambridge__incidents.toml").read_text()
LAYER = (FOLDER / "memphis__incidents.toml").read_text()
ADDRESS = "https://data.northhaven.example/resource/"
SERVICE = "https://maps.northhaven.example/arcgis/rest/services/Crime_{year}/"
YEARLY = f'url = "{SERVICE}FeatureServer/0"\n'


def declared(text: str, *parts: str) -> str:
    """A declaration with parts in place of its address."""
    head = re.sub(r"^url = .*\n", "", text, flags=re.MULTILINE)
    return head + "".join(f"\n[[parts]]\n{part}\n" for part in parts)


def read(tmp_path, text):
    path = tmp_path / "northhaven__incidents.toml"
    path.write_text(text)
    return read_dataset(path)


def test_parts_are_declared_in_place_of_an_address(tmp_path):
    text = declared(
        ALONE,
        f'url = "{ADDRESS}abcd-0001"\nfrom = 2025-01-01\n'
        f'formerly = ["{ADDRESS}abcd-0009"]',
        f'url = "{ADDRESS}abcd-0002"\nto = 2024-12-31\n'
        'also_called = { subtype = "offense" }',
        f'url = "{ADDRESS}abcd-0003"\nfrom = 2027-01-01\ndue = 2027-02-01',
    )
    dataset = read(tmp_path, text)
    assert (dataset.url, dataset.formerly) == (
        f"{ADDRESS}abcd-0001",
        [f"{ADDRESS}abcd-0009"],
    )
    assert [(p.start, p.end, p.due, p.also_called) for p in dataset.parts] == [
        (date(2025, 1, 1), None, None, {}),
        (None, date(2024, 12, 31), None, {"subtype": "offense"}),
        (date(2027, 1, 1), None, date(2027, 2, 1), {}),
    ]
    second = dataset.as_part(dataset.parts[1])
    assert second.url == f"{ADDRESS}abcd-0002"
    assert "offense" in second.columns
    assert "subtype" not in second.columns


ONE, OTHER = f'url = "{ADDRESS}abcd-0001"\n', f'url = "{ADDRESS}abcd-0002"\n'


@pytest.mark.parametrize(
    ("text", "parts", "said"),
    [
        (ALONE, ["from = 2025-01-01"], "`url` must be given"),
        (ALONE, [ONE, "to = 2025-01-01"], "missing required field `url` - at `$.parts"),
        (ALONE, [ONE + "since = 2025-01-01"], "unknown field `since`"),
        (ALONE, [ONE + "from = '2025-01-01'"], "Expected `date | null`"),
        (ALONE, [ONE, ONE], f"`parts` lists {ADDRESS}abcd-0001 twice"),
        (
            ALONE,
            [ONE, 'url = "http://data.northhaven.example/resource/abcd-0002"'],
            "`parts[1].url` must begin with https:// and a host",
        ),
        (
            ALONE,
            [f'url = "{ADDRESS}incidents"'],
            "the path of `parts[0].url` must be like /resource/abcd-1234",
        ),
        (
            ALONE,
            [ONE + f'formerly = ["{ADDRESS}abcd-0001"]'],
            "`parts[0].formerly` repeats an address, or names `url` itself",
        ),
        (
            ALONE,
            [ONE + "from = 2025-01-02\nto = 2025-01-01"],
            "`parts[0].from` is after `to`",
        ),
        (
            ALONE,
            [ONE, OTHER + "due = 2027-02-01"],
            "`parts[1].due` needs `from`: what is declared ahead has no earlier rows",
        ),
        (
            ALONE,
            [ONE + "from_year = 2020"],
            "`parts[0].from_year` needs a `url` with {year}",
        ),
        (
            ALONE,
            [ONE + "due_days = 9"],
            "`parts[0].due_days` needs a `url` with {year}",
        ),
        (
            ALONE,
            [ONE + 'also_called = {felony = "offense"}'],
            "`parts[0].also_called` names 'felony', which is not among the columns",
        ),
        (
            ALONE,
            [ONE + 'also_called = {subtype = "the offense"}'],
            "'the offense' is not a column name: use only letters, digits and _",
        ),
        (
            ALONE,
            [ONE + 'also_called = {subtype = "location"}'],
            "`parts[0].also_called` gives two columns the name 'location'",
        ),
        (
            "where = \"subtype <> 'none'\"\n" + ALONE,
            [ONE + 'also_called = {subtype = "offense"}'],
            "`where` names 'subtype', which `parts[0]` calls otherwise",
        ),
        (
            LAYER,
            [YEARLY],
            "`parts[0]` needs `from_year`, the first year of its {year}",
        ),
        (
            LAYER,
            [YEARLY + "from_year = 2020\nto = 2025-12-31"],
            "`parts[0].to` can't be given beside {year}: a year has its days",
        ),
        (
            LAYER,
            [YEARLY + "from_year = 2020\nto_year = 2019"],
            "`parts[0]` must have years from 1900 to 2099, `from_year` first",
        ),
        (
            LAYER,
            [YEARLY + "from_year = 2020\ndue_days = -1"],
            "Expected `int` >= 0 - at `$.parts[0].due_days`",
        ),
        (
            LAYER,
            [
                YEARLY
                + "from_year = 2020\n"
                + f'formerly = ["{SERVICE.replace("{year}", "2020")}FeatureServer/0"]'
            ],
            "`parts[0].formerly` must have {year} where `url` has it",
        ),
        (
            f'url = "{ADDRESS}abcd-0001"\n' + declared(ALONE),
            [OTHER],
            "`url` can't be given beside `parts`: each part has its own",
        ),
        (
            f'formerly = ["{ADDRESS}abcd-0001"]\n' + ALONE,
            [OTHER],
            "`formerly` can't be given beside `parts`: each part has its own",
        ),
        ((FOLDER / "bls__county_unemployment.toml").read_text(), [ONE], "`parts` goes"),
    ],
)
def test_wrong_parts_are_refused_with_file_and_key(tmp_path, text, parts, said):
    text = text if text.startswith("url") else declared(text)
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text + "".join(f"\n[[parts]]\n{part}\n" for part in parts))
    message = str(caught.value)
    assert message.startswith("northhaven__incidents.toml can't be used: ")
    assert said in message
    assert message.endswith(".")
    assert message.count("\n") == 0


def test_a_year_in_an_address_needs_parts(tmp_path):
    text = re.sub("^url = .*$", f'url = "{SERVICE}FeatureServer/0"', LAYER, flags=re.M)
    with pytest.raises(ConfigError, match="the path of `url` must be like"):
        read(tmp_path, text)


EACH = Part(url="https://a.example/Crime_{year}/FeatureServer/0", from_year=2024)


def test_a_yearly_part_is_one_a_year_up_to_that_of_the_day():
    assert [p.url for p in on_day([EACH], date(2026, 12, 31))] == [
        f"https://a.example/Crime_{year}/FeatureServer/0" for year in (2024, 2025, 2026)
    ]
    last = on_day([EACH], date(2027, 1, 1))[-1]
    assert (last.start, last.end, last.due) == (
        date(2027, 1, 1),
        date(2027, 12, 31),
        date(2027, 2, 15),
    )
    # By its day, it is as missing as any other.
    assert on_day([EACH], date(2027, 2, 14))[-1].due == date(2027, 2, 15)
    assert on_day([EACH], date(2027, 2, 15))[-1].due is None
    ended = msgspec.structs.replace(EACH, to_year=2025)
    assert len(on_day([ended], date(2027, 1, 1))) == 2
    assert on_day([EACH], date(2023, 12, 31)) == []


@pytest.mark.parametrize(
    ("window", "may"),
    [
        (Window(date(2024, 12, 1), date(2025, 1, 1)), False),
        (Window(date(2025, 1, 1), date(2025, 2, 1)), True),
        (Window(date(2025, 12, 1), date(2026, 1, 1)), True),
        (Window(date(2025, 12, 31)), True),
        (Window(date(2026, 1, 1)), False),
    ],
)
def test_a_part_may_hold_the_days_that_it_declares(window, may):
    year = Part(url="https://a.example", start=date(2025, 1, 1), end=date(2025, 12, 31))
    assert year.may_hold(window) is may
    assert Part(url="https://a.example").may_hold(window)


def test_a_months_declaration_is_that_of_the_parts_that_may_hold_it():
    """So that nothing is read again for a part of other days."""

    def city(*parts: Part, url: str = "") -> SodaDataset:
        return SodaDataset(
            name="northhaven__incidents",
            title="North Haven",
            url=url or parts[0].url,
            zone="America/New_York",
            backfill_from=date(2020, 1, 1),
            window_column="reported",
            key=["id"],
            columns=["id", "reported"],
            parts=list(parts),
        )

    first = Part(url=f"{ADDRESS}abcd-0001", start=date(2025, 1, 1))
    second = Part(url=f"{ADDRESS}abcd-0002", end=date(2025, 1, 31))
    december, january, march = date(2024, 12, 1), date(2025, 1, 1), date(2025, 3, 1)
    alone, both = city(url=first.url), city(first, second)
    assert both.declaration_of(march) == alone.fingerprint
    assert both.declaration_of(december) == city(url=second.url).fingerprint
    assert both.declaration_of(january) not in (
        both.declaration_of(march),
        both.declaration_of(december),
    )
    # Neither their order nor the host from which they are read matters.
    other = city(second, first).at_portal("http://127.0.0.1:8765")
    assert [other.declaration_of(m) for m in (december, january, march)] == [
        both.declaration_of(m) for m in (december, january, march)
    ]
    called = msgspec.structs.replace(second, also_called={"id": "number"})
    assert city(first, called).declaration_of(december) != both.declaration_of(december)
    assert city(first, called).declaration_of(march) == both.declaration_of(march)
    # A yearly part's month is that of its year's table, whatever the day.
    yearly = city(Part(url=ADDRESS + "abcd-{year}", from_year=2024))
    assert yearly.declaration_of(march) == (city(url=f"{ADDRESS}abcd-2025").fingerprint)
    assert yearly.on_day(date(2027, 1, 1)).declaration_of(march) == (
        yearly.declaration_of(march)
    )
    assert of_month(yearly.parts, march)[0].url == f"{ADDRESS}abcd-2025"


def test_figures_of_parts_are_added_up():
    assert surveyed([]) == Survey(0)
    replaced = Survey(3, 2, 2, "2026-03-01", "2026-03-01")
    older = Survey(5, 5, 5, "2025-01-01", "2025-01-01")
    assert surveyed([replaced, older]) == Survey(8, 7, 7, "2026-03-01", "2026-03-01")
    updated = Survey(5, 5, 5, "2025-01-01", "2025-02-01")
    assert surveyed([replaced, updated]) == Survey(8, 7, 7, "2025-01-01", "2026-03-01")
    assert surveyed([replaced, Survey(4)]) == Survey(
        7, None, None, "2026-03-01", "2026-03-01"
    )
