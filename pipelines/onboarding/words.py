"""Tell from a column's name what it may hold.

Publishers cut names short and run them together (`rpt_dt`, `USER_RMSOccurrenceDate`,
`servnumid`), so that names are read both as words and as one run of letters.
"""

import re
from collections.abc import Iterable

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def words(name: str) -> list[str]:
    """The words of a name, in lower case."""
    return [word.lower() for word in WORD.findall(name)]


def run(name: str) -> str:
    """A name's letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def has_word(name: str, wanted: Iterable[str]) -> bool:
    return bool(set(words(name)) & set(wanted))


# -- dates

CHANGED = re.compile(
    r"upz?dat|modif|edit|chang|load|refresh|asof|publish|insert|creat|clear|status"
    r"|approv|extract|synced|uploaded"
)
ENDED = re.compile(
    r"(?:to|end|thru|through|until|last)(?:ed)?(?:dt|date|time|datetime)?$"
)
LAST = {"last", "to", "end", "ended", "thru", "through", "until"}
OF_LATER = re.compile(r"charg|arrest|court|sentenc|clos|assign|mapdate|dispos|booked")
REPORTED = re.compile(r"re?po?rt|rprt|rpt|rprtd|receiv|dispatch|entered|callfor")
STARTED = re.compile(
    r"first|start|begin|began|from|fr(?:dt|date)|occ|offens|incid|crime"
)
CLOCK = {"time", "tm", "hour", "hr", "hhmm", "hours"}


def date_role(name: str, label: str = "") -> str:
    """`changed`, `later`, `ended`, `reported` or `occurred`."""
    plain = run(name)
    if CHANGED.search(plain):
        return "changed"
    if OF_LATER.search(plain):
        return "later"
    if has_word(name, LAST) or ENDED.search(plain):
        return "ended"
    is_report = has_word(name, {"rep", "rpt"}) or REPORTED.search(plain)
    if is_report or REPORTED.search(run(label)):
        return "reported"
    return "occurred"


# -- keys

NUMBERED = re.compile(
    r"id\d*$|^id|num|number|nbr|nmbr|key$|^ccn|ccn$|drno|caseno|reportno|rptno|itemno"
    r"|complaintno|uniq|seq|guid|report$|case$|incident$|complaint$"
    r"|(?:inc|incident|rpt|event|file|offense)no$"
)
CASE = re.compile(
    r"case|report|rpt|incid|inc(?:num|no|id)|ccn|drno|dckey|cmplnt|complaint|event|file"
    r"|^cr\w*num"
)
NOT_KEYS = re.compile(
    r"addr|street|st(?:num|no)|house|block|zip|phone|badge|unit|apart|district|beat|area"
    r"|ward|precinct|neighb|division|sector|zone|tract|grid|council|lat|lon|geo|victim"
    r"|vict|officer|offic|year|month|day|hour|time|version|census|count|location|place"
    r"|comm|route|road|weapon|code$|cd$"
)
OBJECT_IDS = {"objectid", "fid", "oid", "esrioid", "cartodbid", "gid", "rowid0", "id0"}


def is_number_of_rows(name: str) -> bool:
    """Whether a column is a server's own number of rows, new in a replaced table."""
    return run(name) in OBJECT_IDS


def is_key_like(name: str) -> bool:
    plain = run(name)
    return bool(NUMBERED.search(plain)) and not NOT_KEYS.search(plain)


def is_case_like(name: str) -> bool:
    """Whether a column may number reports, of which a row may be a part."""
    return bool(CASE.search(run(name))) and is_key_like(name)


# -- offenses

OFFENSE = re.compile(
    r"offen|offinc|ofns|crime|crm|nibr|ibr|ucr|uor|charge|chrg|statut|statdesc|penal|fbi"
    r"|violat|generalcode|pddesc|kycd|pdcd|lawcat|category|primarytype|classific"
    r"|micrcode|crdesc|legend$|subject$|natureof|incident(?:type|desc|code|cat)"
    r"|^type$|^class$|^code$|^incident$|^description$|narrative"
)
NOT_OFFENSES = re.compile(
    r"date|time|addr|street|location|premis|prem|weapon|district|beat|zip|count$|flag"
    r"|number|status|dispos|victim|suspect|report(?!ed)|shooting|attempt|crimeagainst"
    r"|against|year|month"
)


def is_offense_like(name: str) -> bool:
    plain = run(name)
    return bool(OFFENSE.search(plain)) and not NOT_OFFENSES.search(plain)


# -- areas, the best name first

AREAS: dict[str, tuple[str, ...]] = {
    "police_district": (
        r"district|division|precinct|pct|dcdist"
        r"|(?<!rpt)(?<!rep)(?<!reporting)dist(?:id|no)?$",
        r"^zone$|policezone|geozone|patrolsection",
        r"^area(?:name)?$|servicearea|^police$",
    ),
    "beat": (
        r"beat",
        r"^psa$|^post$|scoutcar|patrolarea",
        r"(?:rpt|rep|reporting)(?:dist|area)|^r[ad]$|^[pr]pa$|^pra$|grid|subzone",
        r"sector$|precinct",
    ),
    "council_district": (r"council", r"supervisordistrict", r"^ward(?:\d{4}|id)?$"),
    "neighborhood": (
        r"neighbou?rhood(?!cluster)|nhood|nbhd|^mcpp$|snb",
        r"communityarea|^np[ua]$|cluster|subdivision|^community$|^sna",
        r"boro(?:ugh)?(?:nm|name)?$",
    ),
}
NOT_AREAS = re.compile(r"school|transit|housing|voting|congress|census|geom|shape|url")


def area_rank(role: str, name: str) -> int | None:
    """How well a name suits a kind of area, 0 the best; None if it does not."""
    plain = run(name)
    if NOT_AREAS.search(plain):
        return None
    if role in ("police_district", "beat") and re.search(r"council|superv", plain):
        return None
    for rank, pattern in enumerate(AREAS[role]):
        if re.search(pattern, plain):
            return rank
    return None


# -- persons

PERSON = re.compile(
    r"complainant|victim|suspect|arrestee|arrested(?:person|by)|offender|defendant"
    r"|officer|badge|birth|ethnic|gender|descent|phone|witness|narrator|driverlic"
    r"|firstname|lastname|middlename|fullname|maiden|surname|alias|homeaddr|email"
)
PERSON_WORDS = {
    *("age", "ages", "race", "races", "sex", "dob", "ssn", "home", "vic", "vict"),
    *("susp", "suspect", "victim", "person", "persons", "involved"),
}
COMPLAINANT = re.compile(r"^comp(?:l)?(?:name|race|sex|age|eth|h|zip|city|state|apart)")
OFFICER = re.compile(
    r"^ro\d(?:name|badge)|(?:off|ofc|empl|assoff|reviewoff)badge|^badge"
)
NAMED = re.compile(r"(?:name|nm|names)\d*$")
OF_PLACES = re.compile(
    r"^(?:.*(?:street|area|agency|offen[sc]es?|neighb|park|parks|station|division|district|place"
    r"|premis|location|loc|city|county|business|school|crime|type|code|category|nibrs?"
    r"|ucr|weapon|sna|snb|nbhd|hood|boro|borough|sector|beat|zone|precinct|community"
    r"|region|road|rd|site|property|venue|hospital|apt|complex|building|common|file"
    r"|column|field|layer|dataset|ward|council\w*|status|method|class|intersection"
    r"|department|dept|jurisdiction|territory|statute|charge|road|route)|st|str|x|cross"
    r"|user|place)$"
)
FREE_TEXT = re.compile(
    r"narrativ|synopsis|summary|comment|remark|notes?$|freetext|details?$|modusoperandi"
    r"|^mo$|story|account"
)
PART_OF_ROLE = re.compile(r"count|type$|typ$|cnt$|indicator|flag|relation")


def names_persons(name: str) -> bool:
    """Whether a column names persons or describes them, by its name."""
    plain, listed = run(name), set(words(name))
    if COMPLAINANT.search(plain) or OFFICER.search(plain):
        return True
    if PERSON.search(plain) or listed & PERSON_WORDS:
        return not (PART_OF_ROLE.search(plain) and not NAMED.search(plain))
    if NAMED.search(plain) and len(plain) > 2:
        return not OF_PLACES.match(NAMED.sub("", plain))
    return False


def is_free_text(name: str) -> bool:
    return bool(FREE_TEXT.search(run(name)))


# -- coordinates

LATITUDE = re.compile(
    r"(?:^|[a-z])lat(?:itude)?(?:public|x|y)?$|^lat(?:itude)?|pointy|geoy|ycoord|^y$"
)
LONGITUDE = re.compile(
    r"(?:^|[a-z])l(?:on|ng|ong)(?:itude)?(?:public|x|y)?$|^l(?:on|ng|ong)|pointx|geox|xcoord|^x$"
)

# Words of SQL that no query may have as a column's bare name.
RESERVED = {
    *("all", "and", "any", "as", "asc", "between", "by", "case", "cast", "column"),
    *("create", "cross", "current_date", "default", "desc", "distinct", "else", "end"),
    *("except", "exists", "false", "for", "from", "full", "group", "having", "in"),
    *("inner", "interval", "into", "is", "join", "left", "like", "limit", "natural"),
    *("not", "null", "offset", "on", "or", "order", "outer", "primary", "references"),
    *("right", "select", "table", "then", "to", "true", "union", "unique", "user"),
    *("using", "when", "where", "window", "with"),
}
