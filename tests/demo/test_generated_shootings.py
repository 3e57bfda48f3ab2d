"""Made-up shootings and the tables beside them are odd where the real ones are."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from demo.generator import MAKERS, day_rows, generate
from demo.rows.places.united_states import cities, counties, plain

START, END = date(2015, 1, 2), date(2026, 10, 31)
NAMES = [
    *("washington_post__shootings", "washington_post__shootings_v1"),
    *("washington_post__agencies", "census__county_population"),
    *("bls__county_unemployment", "simplemaps__cities"),
]
STATES = {
    **{"AK": "02", "AL": "01", "CA": "06", "LA": "22", "NM": "35", "TX": "48"},
    **{"VA": "51", "WA": "53"},
}


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    made = {n: generate(n, MAKERS[n].ROWS, START, END, seed=5) for n in NAMES}
    return {name: table.to_pandas() for name, table in made.items()}


@pytest.fixture(scope="module")
def shootings(frames) -> pd.DataFrame:
    return frames["washington_post__shootings"]


@pytest.fixture(scope="module")
def people(frames) -> pd.DataFrame:
    text = ("file_name", "STNAME", "CTYNAME", "SUMLEV")
    frame = frames["census__county_population"]
    return frame.astype({n: np.int64 for n in frame.columns if n not in text})


def test_no_made_up_shooting_lies_outside_of_what_the_newspaper_covers(shootings):
    with (Path(__file__).parents[2] / "seeds" / "publishers.csv").open() as file:
        (row,) = (
            row
            for row in csv.DictReader(file)
            if row["dataset"] == "washington_post__shootings"
        )
    assert row["coverage_from"] == "2015-01-01"
    assert shootings["date"].min() >= row["coverage_from"]
    assert row["coverage_to"] == "2024-12-31"
    assert "2024-12-01" < shootings["date"].max() <= row["coverage_to"]


def test_days_that_are_all_too_late_stand_for_as_many_of_the_last():
    days = date(2026, 1, 12), date(2026, 3, 8)
    made = generate("washington_post__shootings", 200, *days, seed=7).to_pandas()
    assert made["date"].min() >= "2024-11-06"
    assert "2024-12-20" < made["date"].max() <= "2024-12-31"
    assert made["id"].is_unique


def test_values_are_missing_about_as_often_as_in_the_newspapers_rows(shootings):
    missing = shootings.isna().mean()
    real = {"race": 0.117, "county": 0.496, "flee_status": 0.137, "latitude": 0.111}
    real |= {"name": 0.036, "age": 0.04, "city": 0.007, "agency_ids": 0, "state": 0}
    for name, share in real.items():
        assert missing[name] == pytest.approx(share, abs=0.03), name
    assert shootings["city"].isna().any()
    assert (shootings["city"].notna() | shootings["county"].notna()).all()


def test_people_have_numbers_for_names(shootings):
    named = shootings["name"].dropna()
    assert named.str.fullmatch(r"Person \d+").all()
    assert named.is_unique


def test_lists_of_agencies_and_races_are_separated_by_semicolons(shootings):
    assert 50 < shootings["agency_ids"].str.contains(";").sum() < 160
    assert shootings["race"].str.contains(";").any()
    assert shootings["armed_with"].str.contains(";").any()
    ids = shootings["agency_ids"].str.split(";")
    assert all(len(set(each)) == len(each) for each in ids)


def test_truth_is_written_with_capitals(shootings):
    for name in ("was_mental_illness_related", "body_camera"):
        assert set(shootings[name]) == {"True", "False"}


def test_every_agency_is_known_and_has_its_shootings_counted(frames, shootings):
    agencies = frames["washington_post__agencies"].set_index("id")
    named = Counter(";".join(shootings["agency_ids"]).split(";"))
    assert len(agencies) == 150
    counted = {each: int(n) for each, n in agencies["total_shootings"].items()}
    assert counted == {each: named[each] for each in agencies.index}
    assert agencies["oricodes"].str.contains(";").any()
    assert agencies["oricodes"].isna().any()
    assert set(agencies["type"]) == {
        *("sheriff", "local_police", "state_police", "state_other", "other"),
        *("federal", "local_other"),
    }


def test_shootings_lie_in_places_of_the_other_tables_but_for_misspelt_ones(shootings):
    held = counties()
    known = {(held[c.county].state_id, c.name) for c in cities()}
    rows = shootings.dropna(subset="city")
    city = rows["city"].str.replace("St. ", "Saint ").str.replace("Ft. ", "Fort ")
    pairs = pd.Series(list(zip(rows["state"], city, strict=True)), index=rows.index)
    found = pairs.isin(known)
    full = pairs.isin({(c.state_id, c.name) for c in held})
    assert 0.9 < found.mean() < 0.97
    assert 0.02 < full.mean() < 0.07
    assert rows.loc[full, "county"].isna().all()
    assert 10 < (~found & ~full).sum() < 60


def test_counties_are_written_without_their_kind(shootings):
    names = set(shootings["county"].dropna())
    bare = {c.bare_name for c in counties() if not c.is_city}
    in_no_county = {f"{c.bare_name} City" for c in counties() if c.is_city}
    assert names <= bare | in_no_county
    assert names & in_no_county


def test_coordinates_lie_near_the_city_and_are_missing_together(shootings):
    gaps = shootings[["latitude", "longitude", "location_precision"]].isna()
    assert (gaps.nunique(axis=1) == 1).all()
    rows = shootings.dropna(subset=["city", "latitude"])
    by_name = {(counties()[c.county].state_id, c.name): c for c in cities()}
    doubled = {n for n, k in Counter(c.name for c in cities()).items() if k > 1}
    for row in rows.itertuples():
        city = by_name.get((row.state, row.city))
        if city and row.city not in doubled:
            assert abs(float(row.latitude) - city.latitude) <= 0.0501
            assert abs(float(row.longitude) - city.longitude) <= 0.0501


def test_the_first_edition_repeats_the_second_up_to_2022(frames, shootings):
    old = frames["washington_post__shootings_v1"]
    early = shootings[shootings["date"] <= "2022-12-01"].reset_index(drop=True)
    for name in ("id", "date", "name", "state", "age", "latitude"):
        assert old[name].equals(early[name])
    assert set(old["threat_level"]) == {"attack", "other", "undetermined"}
    assert {"toy weapon", "gun and knife"} <= set(old["armed"].dropna())
    assert "replica" not in set(old["armed"])
    assert set(old["gender"].dropna()) == {"M", "F"}
    assert set(old["flee"].dropna()) == {"Not fleeing", "Car", "Foot", "Other"}
    assert old["city"].notna().all()


def test_a_days_agencies_and_shootings_are_new(frames, shootings):
    day = date(2026, 11, 1)
    new = day_rows("washington_post__shootings", day, 30, seed=6).to_pandas()
    assert not set(new["id"]) & set(shootings["id"])
    # Late rows of a closed database: of days that it covers.
    assert new["date"].min() >= "2024-12-11"
    assert new["date"].max() == "2024-12-31"
    agencies = frames["washington_post__agencies"]
    assert set(";".join(new["agency_ids"]).split(";")) <= set(agencies["id"])
    more = day_rows("washington_post__agencies", day, 30, seed=6).to_pandas()
    assert more["id"].is_unique
    assert not set(more["id"]) & set(agencies["id"])


def test_counties_have_codes_of_their_states_and_kinds_of_several_sorts():
    codes = [county.fips for county in counties()]
    assert len(set(codes)) == len(codes) == 60
    assert all(c.fips.startswith(STATES[c.state_id]) for c in counties())
    assert all(int(code) % 2 == 0 for code in codes)
    kinds = Counter(c.name.removeprefix(f"{c.bare_name} ") for c in counties())
    assert kinds == {
        **{"County": 45, "Parish": 7, "city": 3, "Borough": 2, "Census Area": 1},
        **{"Municipality": 1, "City and Borough": 1},
    }
    shared = Counter((c.state_id, c.bare_name) for c in counties())
    assert [state for (state, _), n in shared.items() if n > 1] == ["VA"]


def test_some_cities_of_a_state_share_their_name_and_some_have_accents():
    names = Counter((counties()[c.county].state_id, c.name) for c in cities())
    assert sorted(state for (state, _), n in names.items() if n > 1) == ["CA", "TX"]
    assert any(plain(c.name) != c.name for c in cities())
    assert {c.county for c in cities()} == set(range(60))


def test_population_adds_up_in_every_row(people):
    sexes = ["MALE", "FEMALE"]
    assert (people["TOT_POP"] == people["TOT_MALE"] + people["TOT_FEMALE"]).all()
    alone = ["WA", "BA", "IA", "AA", "NA", "TOM"]
    for sex in sexes:
        total = people[f"TOT_{sex}"]
        assert (total == people[f"NH_{sex}"] + people[f"H_{sex}"]).all()
        assert (total == people[[f"{r}_{sex}" for r in alone]].sum(axis=1)).all()
        for origin in ("NH", "H"):
            parts = people[[f"{origin}{r}_{sex}" for r in alone]].sum(axis=1)
            assert (people[f"{origin}_{sex}"] == parts).all()
        for race in ("WA", "BA", "IA", "AA", "NA"):
            combined = people[f"{race}C_{sex}"]
            assert (
                combined == people[f"NH{race}C_{sex}"] + people[f"H{race}C_{sex}"]
            ).all()
            assert (combined >= people[f"{race}_{sex}"]).all()
        extra = people[[f"{r}C_{sex}" for r in alone[:5]]].sum(axis=1)
        extra -= people[[f"{r}_{sex}" for r in alone[:5]]].sum(axis=1)
        assert (extra == 2 * people[f"TOM_{sex}"]).all()


def test_ages_add_up_to_all_ages(people):
    key = ["file_name", "STATE", "COUNTY", "YEAR"]
    counts = [n for n in people.columns if n.endswith("MALE") or n == "TOT_POP"]
    assert len(counts) == 73
    whole = people[people["AGEGRP"] == 0].set_index(key)[counts].sort_index()
    parts = people[people["AGEGRP"] > 0].groupby(key)[counts].sum().sort_index()
    assert whole.equals(parts)
    assert set(people["AGEGRP"]) == set(range(19))


def test_each_edition_has_its_codes_of_years(people):
    codes = people.groupby("file_name")["YEAR"].unique().map(sorted).to_dict()
    assert codes == {
        "cc-est2019-alldata.csv": list(range(1, 13)),
        "cc-est2025-alldata.csv": list(range(1, 8)),
    }
    july = people[(people["AGEGRP"] == 0) & (people["YEAR"] >= 2)]
    newest = july[july["file_name"] == "cc-est2025-alldata.csv"]
    by_year = newest.groupby("YEAR")["TOT_POP"].sum()
    assert by_year.is_monotonic_increasing


def test_the_labour_force_is_of_employed_and_unemployed(frames):
    rows = frames["bls__county_unemployment"]
    lacking = rows[rows["labor_force"] == "N.A."]
    assert lacking[["year", "unemployment_rate"]].values.tolist() == [["2020", "N.A."]]
    given = rows.drop(lacking.index)
    number = {
        n: given[n].str.replace(",", "").astype(float)
        for n in ("labor_force", "employed", "unemployed", "unemployment_rate")
    }
    assert (number["labor_force"] == number["employed"] + number["unemployed"]).all()
    rate = 100 * number["unemployed"] / number["labor_force"]
    assert (rate - number["unemployment_rate"]).abs().max() < 0.0501
    with_commas = given["labor_force"].str.contains(",")
    assert set(given.loc[with_commas, "year"]) == {"2016"}
    assert "Linnet city, VA" in set(rows["county"])


def test_half_of_the_cities_have_lost_the_zeros_of_their_counties_codes(frames):
    rows = frames["simplemaps__cities"]
    codes = set(rows["county_fips"].str.zfill(5))
    assert codes == {county.fips for county in counties()}
    early = rows[rows["state_id"].isin(["AK", "AL", "CA"])]
    assert 0.3 < (early["county_fips"].str.len() == 4).mean() < 0.7
    assert rows["population"].astype(int).is_monotonic_decreasing
