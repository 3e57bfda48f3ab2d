"""Tell a NIBRS code by the words in a city's name of an offense.

Only where the words have one meaning in all cities: "assault" alone has none. Attempts
count as the offense, as NIBRS has it.
"""

import re

VEHICLE = r"(?:motor )?(?:vehicle|veh|auto|automobile|car|mv)s?"

# In order: the first that is found decides. Names have letters and single blanks alone.
PHRASES = [
    (r"attempt\w* (?:murder|homicide)|(?:murder|homicide) attempt", "13A"),
    (r"justifiable", "09C"),
    (r"(?:negligent|vehicular|involuntary).*(?:manslaughter|homicide)", "09B"),
    (r"homicide|murder|(?:^|non negligent |voluntary )manslaughter", "09A"),
    (r"statutory rape", "36B"),
    (r"\brape\b", "11A"),
    (r"\bsodomy\b", "11B"),
    (r"fondling|groping", "11D"),
    (r"incest", "36A"),
    (r"robbery|carjack", "120"),
    (r"\bagg(?:ravated)?\b.*\bassault|\bassault\w*\b.*\bagg(?:ravated)?\b", "13A"),
    (r"assault.*(?:deadly|dangerous) weapon", "13A"),
    (r"\bsimple\b.*(?:assault|battery)|(?:assault|battery)\b.*\bsimple\b", "13B"),
    (r"harass|intimidat|threat|stalking|menacing", "13C"),
    (r"kidnap|abduct", "100"),
    (r"\barson\b", "200"),
    (r"extort|blackmail", "210"),
    (rf"(?:theft|larceny|stolen).*{VEHICLE} (?:parts|accessories)", "23G"),
    (rf"(?:theft|larceny).*\bfrom\b (?:an? |the )?{VEHICLE}\b", "23F"),
    (rf"(?:theft|larceny) (?:items )?from {VEHICLE}\b", "23F"),
    (rf"theft f {VEHICLE}\b", "23F"),
    (rf"burglary.*\bfrom\b.*{VEHICLE}\b", "23F"),
    (r"burglar\w*.*\btools?\b", "90Z"),
    (r"burglar(?:y|ies)|\bburg\b|breaking and entering|housebreaking", "220"),
    (r"shoplift", "23C"),
    (r"pick ?pocket", "23A"),
    (r"purse snatch", "23B"),
    (r"coin (?:operated )?machine", "23E"),
    (r"(?:theft|larceny).*\bfrom\b.*\b(?:building|bldg)\b", "23D"),
    (rf"\b{VEHICLE} theft|(?:theft|larceny|stealing) of (?:an? )?{VEHICLE}$", "240"),
    (rf"stolen {VEHICLE}\b|\b{VEHICLE} stolen|grand theft auto", "240"),
    (r"grand larceny of (?:motor )?vehicle", "240"),
    (r"identity theft|theft of identity|identity fraud", "26F"),
    (r"credit card|\batm\b", "26B"),
    (r"welfare fraud", "26D"),
    (r"wire fraud", "26E"),
    (r"impersonat", "26C"),
    (r"hacking|computer (?:intrusion|invasion|trespass)", "26G"),
    (r"money launder", "26H"),
    (r"forge(?:ry|d)|counterfeit", "250"),
    (r"bad check|insufficient funds", "90A"),
    (r"embezzl", "270"),
    (r"(?:receiv|possess|recei?pt)\w*.*stolen|stolen (?:property|goods)", "280"),
    (r"fraud|false pretenses|swindl|bunco|confidence game|theft of services?", "26A"),
    (r"vandal|criminal mischief|graffiti|malicious (?:mischief|destruction)", "290"),
    (r"(?:damage|destruction) (?:to|of) (?:\w+ )?property", "290"),
    (r"paraphernalia|drug equipment", "35B"),
    (r"\bdrugs?\b|narcotic|controlled substance|marijuana|cocaine|heroin", "35A"),
    (r"pornograph|obscene material", "370"),
    (r"pander|pimping|promot\w+ prostitution", "40B"),
    (r"prostitut", "40A"),
    (r"gambling", "39A"),
    (r"bribe", "510"),
    (r"(?:animal cruelty|cruelty (?:to|toward) animals?)", "720"),
    (
        r"(?:weapons?|firearms?|guns?)\b.*(?:law|violat|offens|possess|carry|conceal)",
        "520",
    ),
    (r"(?:possess|carry|conceal|unlawful)\w*.*(?:weapon|firearm|handgun|gun)", "520"),
    (r"\bdu[iw]\b|\bdwi\b|\bowi\b|driving (?:under|while)|drunk(?:en)? driving", "90D"),
    (r"public (?:intox|drunk)|drunkenness", "90E"),
    (r"disorderly|disturbing the peace|breach of (?:the )?peace", "90C"),
    (r"liquor law|liquor violation|open container|minor in possession", "90G"),
    (r"peeping|voyeur", "90H"),
    (r"trespass", "90J"),
    (r"curfew|loiter|vagran", "90B"),
    (r"\b(?:larceny|thefts?)\b", "23H"),
]

COMPILED = [(re.compile(pattern), code) for pattern, code in PHRASES]

# What makes a name one of several offenses, or of none.
UNCLEAR = re.compile(
    r"\b(?:non criminal|no crime|recovered|lost|found|missing|accident|sick|illness"
    r"|medical|overdose|assist|investigat\w*|towed|located)\b"
)


def code_by_words(name: str) -> str | None:
    """The code that a name's words tell; None if they tell none.

    Args:
        name: In small letters and single blanks alone; see `offense_names.plain`.
    """
    if UNCLEAR.search(name):
        return None
    return next((code for phrase, code in COMPILED if phrase.search(name)), None)
