"""Lint the SQL of models, macros and dbt's tests: `python -m tools.lint_sql`.

sqlfluff reads what dbt makes of them for DuckDB, all macros resolved, by the rules of
`.sqlfluff`. Its dbt templater compiles file by file, which takes minutes, and its Jinja
templater knows neither `return` nor `adapter.dispatch`; so dbt compiles the project
once. How lines look is checked in the files as they are written.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
WRITTEN = ("models", "macros", "tests/dbt")
LONGEST = 88

# What no line may have outside of texts and comments, and what to say of it.
FAULTS = {
    r"^ *,": "begins with a comma",
    r"::": "casts with ::",
    r"\b(?:SELECT|FROM|WHERE|JOIN|GROUP BY|ORDER BY|CASE|UNION|AND|OR|AS)\b": (
        "has a keyword in capitals"
    ),
    r"\btarget\.(?:type|name)\b": "asks which warehouse it is, as macros may alone",
}
# A model ends with its last CTE, in an order if it must; or it is all one macro.
LAST = re.compile(
    r"\)\n\nselect \* from (\w+)\n(?:\{\{ in_storage_order\(.*\) \}\}\n)?\Z", re.DOTALL
)
ONE_MACRO = re.compile(r"\{\{ staged_\w+\(.*\) \}\}\n\Z", re.DOTALL)


def main() -> int:
    """Print what is wrong, a line each; 1 if anything is."""
    found = [*faults_as_written(ROOT), *faults_as_compiled(ROOT)]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def faults_as_written(root: Path) -> Iterator[str]:
    for folder in WRITTEN:
        for path in sorted((root / folder).rglob("*.sql")):
            name, text = path.relative_to(root), path.read_text()
            yield from (f"{name}:{fault}" for fault in faults_of_lines(text))
            if folder == "models" and not ends_well(text):
                yield f"{name}: does not end with a select from its last CTE"


def faults_of_lines(text: str) -> Iterator[str]:
    """Number and fault of each line that has one."""
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST:
            yield f"{number}: is longer than {LONGEST}"
        if line != line.rstrip() or "\t" in line:
            yield f"{number}: has a tab, or a blank at its end"
        code = re.sub(r"--.*", "", re.sub(r"'[^']*'", "''", line))
        for pattern, words in FAULTS.items():
            if re.search(pattern, code):
                yield f"{number}: {words}"


def ends_well(model: str) -> bool:
    """Whether the last line of a model selects the last of its CTEs."""
    found = LAST.search(model)
    named = re.findall(r"^(?:with )?(\w+) as \($", model, re.MULTILINE)
    if found is None:
        return bool(ONE_MACRO.search(model))
    return bool(named) and found[1] == named[-1]


def faults_as_compiled(root: Path) -> Iterator[str]:
    """Lint what dbt compiles; a fault is told with the line that has it."""
    from sqlfluff.core import FluffConfig, Linter

    with tempfile.TemporaryDirectory() as home:
        compiled = compile_all(root, Path(home))
        linter = Linter(config=FluffConfig.from_path(str(root)))
        for path in sorted(compiled.rglob("*.sql")):
            # A YAML's folder has the SQL of its generic tests: dbt's, or a macro's.
            if path.parent.suffix == ".yml":
                continue
            text = path.read_text() + "\n"
            lines = text.split("\n")
            for fault in linter.lint_string(text).get_violations():
                told = f"{fault.rule_code()} {fault.desc()}"
                line = lines[fault.line_no - 1].strip()
                yield f"{path.relative_to(compiled)}: {told}: {line}"


def compile_all(root: Path, home: Path) -> Path:
    """The folder in which dbt wrote what the models and tests are for DuckDB."""
    from dbt.cli.main import dbtRunner

    os.environ |= {"BLOTTER_HOME": str(home), "BLOTTER_TARGET": "duckdb"}
    folders = ["--project-dir", root, "--profiles-dir", root, "--log-path", home]
    folders += ["--target-path", home / "target"]
    select = ["--select", "resource_type:model", "test_type:singular"]
    outcome = dbtRunner().invoke(["compile", "--quiet", *select, *map(str, folders)])
    if not outcome.success:
        raise SystemExit(f"dbt can't compile the project: {outcome.exception}")
    return home / "target" / "compiled" / "blotter"


if __name__ == "__main__":
    sys.exit(main())
