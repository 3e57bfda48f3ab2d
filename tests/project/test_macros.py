"""Every macro says what it gives and what its arguments are."""

import re
from typing import Any

from tests.support import parsed_project

SIGNATURE = re.compile(r"\{%-?\s*(?:macro|test)\s+\w+\((.*?)\)\s*-?%\}", re.DOTALL)


def macros() -> dict[str, dict[str, Any]]:
    """The project's macros, but for what an adapter has in place of one of them."""
    own = {
        macro["name"]: macro
        for macro in parsed_project.manifest()["macros"].values()
        if macro["package_name"] == "blotter"
    }
    return {
        name: macro for name, macro in own.items() if name.partition("__")[2] not in own
    }


def arguments(macro: dict[str, Any]) -> list[str]:
    """Their names, as the macro has them."""
    (inside,) = SIGNATURE.findall(macro["macro_sql"])[:1]
    without_defaults = re.sub(r"=(\{\}|'[^']*'|\w+)", "", inside)
    return re.findall(r"\w+", without_defaults)


def test_every_macro_has_a_description():
    found = macros()
    assert len(found) > 80
    assert [name for name, macro in found.items() if not macro["description"]] == []


def test_every_argument_is_described_in_its_order():
    wrong = {
        name: (arguments(macro), [each["name"] for each in macro["arguments"]])
        for name, macro in macros().items()
        if arguments(macro) != [each["name"] for each in macro["arguments"]]
    }
    assert wrong == {}
    described = [each for macro in macros().values() for each in macro["arguments"]]
    assert [each for each in described if not each["description"]] == []
    assert [each for each in described if not each["type"]] == []
