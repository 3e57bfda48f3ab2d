"""SQL building blocks for a portal's tables: identifiers, literals and row ids."""

# Row ids are disguised numbers: multiplied by an odd number, modulo 2^60, and written
# with 12 digits in base 32, so that their text order is not the rows' order.
ID_SPACE = 1 << 60
ID_FACTOR = 805_306_457_001_234_567
ID_INVERSE = pow(ID_FACTOR, -1, ID_SPACE)
DISGUISE = f"""
create macro disguise(prefix, n) as prefix || regexp_replace(
    lower(to_base(((n::hugeint * {ID_FACTOR}) % {ID_SPACE})::bigint, 32, 12)),
    '^(.{{4}})(.{{4}})(.{{4}})$', '\\1~\\2.\\3')
"""
SYSTEM_COLUMNS = {
    ":id": "row_identifier",
    ":created_at": "fixed_timestamp",
    ":updated_at": "fixed_timestamp",
    ":version": "row_version",
}


def quote(name: str) -> str:
    """Return a name as a DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """Return text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def hidden_number(row_id: str) -> int | None:
    """Return the number behind `row-xxxx~xxxx.xxxx`; None if it is not a row id."""
    digits = row_id.removeprefix("row-").replace("~", "").replace(".", "")
    try:
        return int(digits, 32) * ID_INVERSE % ID_SPACE
    except ValueError:
        return None
