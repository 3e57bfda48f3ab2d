"""Write a city's declaration as a careful contributor would."""

import json
import textwrap
from collections.abc import Iterable

from pipelines.onboarding.proposal import Proposal

WIDTH = 88


def declaration(made: Proposal) -> str:
    """The TOML of a city's incidents, with the evidence in comments."""
    address = made.address
    lines = [
        f"title = {text(title_of(made))}",
        *year_lines(made),
        f"url = {text(address.url)}",
        f"api = {text(address.platform)}",
    ]
    if address.format:
        lines.append(f"format = {text(address.format)}")
    lines += [*why(made, "zone"), f"zone = {text(made.zone)}"]
    if address.platform != "file":
        lines += window_lines(made)
    elif made.window:
        lines += [*why(made, "window column"), f"window_column = {text(made.window)}"]
    lines += [*comment(sentence(made.why("key"))), f"key = {array('key', made.key)}"]
    if not made.key_is_unique:
        lines.append("key_is_unique = false")
    if made.changed and address.platform != "file":
        lines += [
            *comment(f"{made.why('change column').capitalize()}."),
            f"change_column = {text(made.changed)}",
        ]
    lines.append(f"columns = {array('columns', made.columns)}")
    lines += left_out_lines(made)
    if loads := [name for name in made.loads if name in made.columns]:
        lines += [
            *comment("Set by the publisher's loads, whether a row changed or not."),
            f"unhashed = {array('unhashed', loads)}",
        ]
    if address.query:
        lines += ["", "[query]"]
        lines += [f"{name} = {text(value)}" for name, value in address.query]
    return "\n".join(lines) + "\n"


def year_lines(made: Proposal) -> list[str]:
    """That a table is of one year, for a person to declare the others."""
    found = made.finding("other years")
    if found is None:
        return []
    return comment(f"TODO(you): declare the other years, if any; {found.evidence}.")


def title_of(made: Proposal) -> str:
    """The publisher's title, after the city's name if it does not have it."""
    found, city = made.finding("title"), made.options.name
    title = str(found.value if found else "")[:120] or "police incidents"
    return title if city.lower() in title.lower() else f"{city}: {title}"


def window_lines(made: Proposal) -> list[str]:
    """What tells windows and months."""
    lines = [*comment(sentence(made.why("backfill from")))]
    lines.append(f"backfill_from = {made.backfill_from}")
    lines += [*why(made, "window column"), f"window_column = {text(made.window or '')}"]
    if made.window_format:
        lines += [*why(made, "window format")]
        lines.append(f"window_format = {text(made.window_format)}")
    if made.times != "utc":
        lines += [
            *comment(sentence(made.why("times"))),
            f"times = {text(made.times)}",
        ]
    if made.literals != "utc":
        lines += [
            *comment(sentence(made.why("literals"))),
            f"literals = {text(made.literals)}",
        ]
    if made.moving_window:
        lines += [*why(made, "moving window"), "moving_window = true"]
    return lines


def why(made: Proposal, subject: str) -> list[str]:
    return comment(sentence(made.why(subject)))


def left_out_lines(made: Proposal) -> list[str]:
    """The columns that are not loaded, by why."""
    if not made.left_out:
        return []
    reasons: dict[str, list[str]] = {}
    for name, reason in made.left_out.items():
        short = reason.partition(",")[0].partition(":")[0]
        reasons.setdefault(short, []).append(name)
    lines = []
    for reason, names in reasons.items():
        shown = names if len(names) < 6 else [*names[:5], f"{len(names) - 5} others"]
        does = many(reason) if len(names) > 1 else reason
        lines += comment(f"{', '.join(shown)} {does}.")
    if any("may name persons" in reason for reason in made.left_out.values()):
        lines.append("# TODO(you): read the accounts before you load any of them.")
    return [*lines, f"left_out = {array('left_out', list(made.left_out))}"]


def many(reason: str) -> str:
    """A reason of one column, of several."""
    for one, several in (
        ("names or describes", "name or describe"),
        ("repeats", "repeat"),
        ("has a name", "have names"),
        ("has ", "have "),
        ("is ", "are "),
    ):
        if reason.startswith(one):
            return several + reason.removeprefix(one)
    return reason


def sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def text(value: str) -> str:
    """Text as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def array(key: str, names: Iterable[str]) -> str:
    """A list of texts, on one line if it fits."""
    shown = [text(name) for name in names]
    line = f"[{', '.join(shown)}]"
    if len(f"{key} = {line}") <= WIDTH:
        return line
    wrapped = textwrap.wrap(
        ", ".join(name.replace(" ", "\0") for name in shown),
        WIDTH - 5,
        break_long_words=False,
        break_on_hyphens=False,
    )
    body = "\n".join(f"    {line}".replace("\0", " ") for line in wrapped)
    return f"[\n{body},\n]"


def comment(said: str, indent: str = "", mark: str = "#") -> list[str]:
    """A comment, wrapped."""
    wide = WIDTH - len(indent) - len(mark) - 1
    lines = textwrap.wrap(harmless(said), wide, break_on_hyphens=False)
    return [f"{indent}{mark} {line}" for line in lines]


def harmless(said: str) -> str:
    """A portal's words on one line, without what dbt would run: it renders comments
    and descriptions, too."""
    printable = "".join(c if c.isprintable() else " " for c in said)
    return " ".join(printable.translate(BRACES).split())


BRACES = str.maketrans("{}", "()")
