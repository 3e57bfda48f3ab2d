"""Match a city's names of offenses with those of NIBRS."""

import re
from collections import Counter
from dataclasses import dataclass

from pipelines.onboarding.offense_phrases import code_by_words

# Names as cities write them, beside NIBRS's own. What does not match as a whole goes by
# its words, if they have one meaning, and else is left for a person to map.
SAID = {
    "homicide": "09A",
    "murder": "09A",
    "manslaughter": "09B",
    "negligent manslaughter": "09B",
    "rape": "11A",
    "sexual assault": "11A",
    "robbery": "120",
    "aggravated assault": "13A",
    "agg assault": "13A",
    "assault aggravated": "13A",
    "simple assault": "13B",
    "assault simple": "13B",
    "other assaults": "13B",
    "battery": "13B",
    "intimidation": "13C",
    "arson": "200",
    "extortion": "210",
    "burglary": "220",
    "breaking and entering": "220",
    "shoplifting": "23C",
    "theft from building": "23D",
    "theft from auto": "23F",
    "theft from motor vehicle": "23F",
    "theft from vehicle": "23F",
    "theft f auto": "23F",
    "larceny": "23H",
    "larceny theft": "23H",
    "theft larceny": "23H",
    "theft": "23H",
    "theft other": "23H",
    "thefts": "23H",
    "auto theft": "240",
    "stolen vehicle": "240",
    "vehicle stolen": "240",
    "motor vehicle theft": "240",
    "vehicle theft": "240",
    "forgery": "250",
    "forgery and counterfeiting": "250",
    "counterfeiting": "250",
    "fraud": "26A",
    "embezzlement": "270",
    "stolen property": "280",
    "receiving stolen property": "280",
    "vandalism": "290",
    "criminal mischief": "290",
    "damage to property": "290",
    "vandalism criminal mischief": "290",
    "drugs": "35A",
    "drug": "35A",
    "narcotics": "35A",
    "drug violations": "35A",
    "drug abuse violations": "35A",
    "narcotic drug law violations": "35A",
    "gambling": "39A",
    "gambling violations": "39A",
    "prostitution": "40A",
    "prostitution and commercialized vice": "40A",
    "bribery": "510",
    "weapons": "520",
    "weapon violations": "520",
    "weapons offenses": "520",
    "disorderly conduct": "90C",
    "driving under the influence": "90D",
    "dui": "90D",
    "dwi": "90D",
    "public drunkenness": "90E",
    "drunkenness": "90E",
    "offenses against family and children": "90F",
    "liquor": "90G",
    "liquor law violations": "90G",
    "trespass": "90J",
    "trespassing": "90J",
    "criminal trespass": "90J",
    "kidnapping": "100",
    "kidnap": "100",
}


@dataclass(frozen=True)
class Offense:
    """A NIBRS offense, as the seed has it."""

    code: str
    name: str
    group: str


def plain(text: str) -> str:
    """A name of an offense without what varies between cities."""
    said = re.sub(r"[^a-z]+", " ", text.lower().replace("&", " and "))
    return " ".join(said.split())


def map_values(
    counts: Counter[str], known: dict[str, Offense]
) -> tuple[dict[str, Offense], dict[str, int]]:
    """Values whose names tell one NIBRS offense, and all others with their rows."""
    by_name = {plain(o.name): o for o in known.values()}
    groups = Counter(o.group for o in known.values())
    for offense in known.values():
        if groups[offense.group] == 1:
            by_name.setdefault(plain(offense.group), offense)
    by_name |= {said: known[code] for said, code in SAID.items() if code in known}
    mapped: dict[str, Offense] = {}
    unmapped: Counter[str] = Counter()
    for value, rows in counts.items():
        shown = value.strip().upper()
        name = plain(value)
        if named := by_name.get(name) or known.get(code_by_words(name) or ""):
            mapped[shown] = named
        else:
            unmapped[shown] += rows
    return mapped, dict(unmapped.most_common())
