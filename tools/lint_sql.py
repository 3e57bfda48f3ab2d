"""Lint the SQL of models, macros and dbt's tests: `python -m tools.lint_sql`.

sqlfluff checks what dbt compiles for DuckDB, with all macros resolved, by the rules in
`.sqlfluff`. Its dbt templater compiles file by file, which takes minutes, and its Jinja
templater knows neither `return` nor `adapter.dispatch`; so dbt compiles the project
once. The layout of lines is checked in the source files.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipelines.transform.runner import vars_for

ROOT = Path(__file__).parent.parent
WRITTEN = ("models", "macros", "tests/dbt")
LONGEST = 88

# What no line may have outside of strings and comments, and what to report.
FAULTS = {
    r"^ *,": "begins with a comma",
    r"::": "casts with ::",
    r"\b(?:SELECT|FROM|WHERE|JOIN|GROUP BY|ORDER BY|CASE|UNION|AND|OR|AS)\b": (
        "has a keyword in capitals"
    ),
    r"\btarget\.(?:type|name)\b": "asks which warehouse it is, as only macros may",
}
# A model selects its last CTE at the end, ordered if needed; or it is all one macro.
LAST = re.compile(r"\)\n\nselect \* from (\w+)\n\Z")
ONE_MACRO = re.compile(r"\{\{ staged_\w+\(.*\) \}\}\n\Z", re.DOTALL)


def main() -> int:
    """Print what is wrong, one problem per line; return 1 if anything is."""
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
    """The number and the fault of each line that has one."""
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST:
            yield f"{number}: is longer than {LONGEST}"
        if line != line.rstrip() or "\t" in line:
            yield f"{number}: has a tab or trailing whitespace"
        code = re.sub(r"--.*", "", re.sub(r"'[^']*'", "''", line))
        for pattern, words in FAULTS.items():
            if re.search(pattern, code):
                yield f"{number}: {words}"


def ends_well(model: str) -> bool:
    """Whether the last line of a model selects its last CTE."""
    found = LAST.search(model)
    named = re.findall(r"^(?:with )?(\w+) as \($", model, re.MULTILINE)
    if found is None:
        return bool(ONE_MACRO.search(model))
    return bool(named) and found[1] == named[-1]


def faults_as_compiled(root: Path) -> Iterator[str]:
    """Lint what dbt compiles; each fault is reported with its line."""
    from sqlfluff.core import FluffConfig, Linter

    with tempfile.TemporaryDirectory() as home:
        compiled = compile_all(root, Path(home))
        linter = Linter(config=FluffConfig.from_path(str(root)))
        for path in sorted(compiled.rglob("*.sql")):
            # The folder of a YAML file has SQL of generic tests, from dbt or a macro.
            if path.parent.suffix == ".yml":
                continue
            text = path.read_text() + "\n"
            lines = text.split("\n")
            for fault in linter.lint_string(text).get_violations():
                words = f"{fault.rule_code()} {fault.desc()}"
                line = lines[fault.line_no - 1].strip()
                yield f"{path.relative_to(compiled)}: {words}: {line}"


def compile_all(root: Path, home: Path) -> Path:
    """Compile models and singular tests for DuckDB; return the folder of their SQL."""
    from dbt.cli.main import dbtRunner

    os.environ |= {"BLOTTER_HOME": str(home), "BLOTTER_TARGET": "duckdb"}
    folders = ["--project-dir", root, "--profiles-dir", root, "--log-path", home]
    folders += ["--target-path", home / "target"]
    select = ["--select", "resource_type:model", "test_type:singular"]
    outcome = dbtRunner().invoke(
        ["compile", "--quiet", *select, *map(str, folders), *vars_for()]
    )
    if not outcome.success:
        raise SystemExit(f"dbt can't compile the project: {outcome.exception}")
    return home / "target" / "compiled" / "blotter"


if __name__ == "__main__":
    sys.exit(main())
