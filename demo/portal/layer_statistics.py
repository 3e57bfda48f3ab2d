"""Answer a layer's `outStatistics`, in whole or by groups, and counts of values.

https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/
"""

import json
import re
from typing import TYPE_CHECKING, Any

from demo.portal.soql.expression import SoqlError
from demo.portal.sql import quote

if TYPE_CHECKING:
    from demo.portal.arcgis import Layer

KINDS = {"count": "count", "min": "min", "max": "max"}

EXTRACT = re.compile(r"extract\((year|month) from (\w+)\)", re.IGNORECASE)


def statistics(
    layer: "Layer", parameters: dict[str, str], where: str
) -> dict[str, object]:
    """Return a feature per group, with the groups' values and the statistics."""
    asked = json.loads(parameters["outstatistics"])
    wanted = parameters.get("groupbyfieldsforstatistics", "")
    groups = [group for group in re.split(r",(?![^(]*\))", wanted) if group]
    columns = [f'{grouped(layer, g)} as "{label(g, i)}"' for i, g in enumerate(groups)]
    columns += [statistic(layer, each) for each in asked]
    numbers = ", ".join(str(i + 1) for i in range(len(groups)))
    sql = f"select {', '.join(columns)} from {layer.table} where {where}"
    if groups:
        sql += f" group by {numbers} order by {numbers}"
    rows = layer.store.run(sql).to_pylist()
    return {"features": [{"attributes": row} for row in rows]}


def statistic(layer: "Layer", asked: dict[str, Any]) -> str:
    """Return one statistic as a column of SQL."""
    kind = KINDS.get(str(asked.get("statisticType")).lower())
    if kind is None:
        raise SoqlError("", "'outStatistics' parameter is invalid")
    column = typed(layer, asked["onStatisticField"])
    return f"{kind}({column}) as {quote(asked['outStatisticFieldName'])}"


def typed(layer: "Layer", name: str) -> str:
    """Return a field as SQL of its type."""
    spelt = {column.lower(): column for column in layer.columns}.get(name.lower())
    if spelt is None:
        raise SoqlError("", f"'Invalid field: {name}' parameter is invalid")
    kind = layer.columns[spelt]
    if kind in ("date", "oid", "integer"):
        return f"try_cast({quote(spelt)} as bigint)"
    return f"try_cast({quote(spelt)} as double)" if kind == "double" else quote(spelt)


def grouped(layer: "Layer", group: str) -> str:
    """Return what is grouped by: a field, or the year or month of a date."""
    if match := EXTRACT.fullmatch(group.strip()):
        moment = f"make_timestamp({typed(layer, match[2])} * 1000)"
        return f"extract({match[1]} from {moment})"
    return typed(layer, group.strip())


def label(group: str, number: int) -> str:
    """Return the name of a group in an answer: an expression's is made up."""
    return f"EXPR_{number + 1}" if "(" in group else group.strip()


def different(layer: "Layer", parameters: dict[str, str], where: str) -> int:
    """Return how many different values the fields have together."""
    names = [typed(layer, name) for name in parameters["outfields"].split(",")]
    sql = f"select distinct {', '.join(names)} from {layer.table} where {where}"
    counted = layer.store.run(f"select count(*) as n from ({sql})")
    return int(counted["n"][0].as_py())
