"""Find the layer behind an address of an item or a service."""

from pipelines.errors import PortalError
from pipelines.onboarding.addresses import Address, parse
from pipelines.onboarding.asking import Line
from pipelines.onboarding.layer_shapes import Item, Service


def layer_of(address: Address, line: Line) -> tuple[Address, Item | None]:
    """The layer behind an item or a service, and the item.

    Raises:
        PortalError: It has none, or several.
    """
    item: Item | None = None
    if address.platform == "item":
        item = line.ask(address.url, {"f": "json"}, Item, "the item")
        if not item.url:
            raise PortalError(
                f"{address.host} has no service behind this item, a "
                f"{item.type or 'page'}: give the address of a layer of it."
            )
        address = parse(item.url)
    if address.platform == "service":
        address = only_layer(address, line)
    if address.platform != "arcgis":
        raise PortalError(
            f"The item is at {address.url}, which is not a layer: add that address."
        )
    return address, item


def only_layer(address: Address, line: Line) -> Address:
    """The one layer or table of a service."""
    found: Service = line.ask(address.url, {"f": "json"}, Service, "the service")
    parts = [p for p in (*found.layers, *found.tables) if not p.subLayerIds]
    parts = [part for part in parts if part.type != "Group Layer"]
    if len(parts) == 1:
        return parse(f"{address.url}/{parts[0].id}")
    if not parts:
        raise PortalError(f"{address.host} lists no layer in {address.url}.")
    listed = ", ".join(f"/{part.id} {part.name}".strip() for part in parts[:20])
    raise PortalError(
        f"{address.url} has {len(parts)} layers: add the address of one of them "
        f"({listed})."
    )
