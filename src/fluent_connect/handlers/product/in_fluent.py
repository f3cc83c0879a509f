"""What Fluent has of a product before it is mapped."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.handlers.message_handler import HandlerContext

_NODE = "ref status attributes { name value }"
IN_FLUENT = f"""\
query productInFluent(
  $ref: String! $catalogue: ProductCatalogueKey! $after: String
  $skus: [String!] $withSkus: Boolean! $most: Int!
) {{
  found: standardProduct(ref: $ref, catalogue: $catalogue) {{
    {_NODE}
    variants(first: 100, after: $after) {{
      edges {{ cursor node {{ {_NODE} }} }}
      pageInfo {{ hasNextPage }}
    }}
  }}
  sold: variantProducts(ref: $skus, catalogue: $catalogue, first: $most) @include(if: $withSkus) {{
    edges {{ node {{ {_NODE} product {{ {_NODE} }} }} }}
  }}
}}
"""
PRICES = "commercetoolsPrices"
"""The attribute of a variant that says which of Fluent's price rows are ours."""
_MOST = 5000
_WIDER = 100
"""How many more are read where a SKU matches others too: `%` is a wildcard."""

Node = Mapping[str, Any]


class InFluent(msgspec.Struct, frozen=True):
    """What Fluent has of a product: what came from it, and what is INACTIVE.

    standards: refs of standard products that it was under before. variants: those that came from
    it. prices: of each variant that came from it, the price rows that are ours. foreign: refs that
    another project holds, with what it calls the product.
    """

    variants: Sequence[str] = ()
    inactive: Collection[str] = ()
    standards: Sequence[str] = ()
    prices: Mapping[str, Mapping[str, str]] = {}
    foreign: Mapping[str, str] = {}


async def in_fluent(
    product_id: str, project: str | None, ref: str, skus: Sequence[str], context: HandlerContext
) -> InFluent:
    """Return what Fluent has under this standard product, and under these SKUs.

    A variant that came from another product (keys and SKUs are used again) is not its own. What
    stands under another standard product of ours is looked at, too: a product's key may change.
    """
    standards, variants = await _read(ref, skus, context)
    former: dict[str, None] = {}
    for node in [each["product"] for each in variants.values() if each.get("product")]:
        if node["ref"] != ref and _ours(node, product_id):
            former[node["ref"]] = None
    for other in former:
        more, further = await _read(other, (), context)
        standards, variants = {**standards, **more}, {**further, **variants}
    own = {name: node for name, node in variants.items() if _ours(node, product_id)}
    seen = [*standards.values(), *variants.values()]
    return InFluent(
        variants=list(own),
        inactive=frozenset(each["ref"] for each in seen if each.get("status") == "INACTIVE"),
        standards=list(former),
        prices={name: kept for name, node in own.items() if (kept := _prices(node))},
        foreign={each["ref"]: _told(each) for each in seen if _foreign(each, project)},
    )


async def _read(
    ref: str, skus: Sequence[str], context: HandlerContext
) -> tuple[dict[str, Node], dict[str, Node]]:
    """Return the standard product, and all variants under it or under these SKUs, by ref."""
    asked: dict[str, object] = {
        "ref": ref,
        "catalogue": {"ref": context.settings.catalogue},
        "skus": skus,
        "withSkus": bool(skus),
        "most": min(len(skus) + (_WIDER if any("%" in sku for sku in skus) else 1), _MOST),
    }
    standards: dict[str, Node] = {}
    variants: dict[str, Node] = {}
    while True:
        answer = await context.fluent.ask(IN_FLUENT, asked)
        standard = answer.get("found") or {}
        edges = _edges(standard.get("variants"))
        nodes = [edge["node"] for edge in [*_edges(answer.get("sold")), *edges]]
        variants |= {node["ref"]: node for node in nodes if node["ref"] not in variants}
        if standard:
            standards.setdefault(standard["ref"], standard)
        if not edges or not (standard["variants"].get("pageInfo") or {}).get("hasNextPage"):
            return standards, variants
        asked |= {"after": edges[-1]["cursor"], "withSkus": False}


def _edges(connection: Node | None) -> Sequence[Node]:
    return [edge for edge in (connection or {}).get("edges") or () if edge.get("node")]


def _values(node: Node, name: str) -> Iterable[object]:
    found = node.get("attributes")
    attributes = found if isinstance(found, list) else ()
    return [each.get("value") for each in attributes if each.get("name") == name]


def _ours(node: Node, product_id: str) -> bool:
    return product_id in _values(node, "commercetoolsId")


def _foreign(node: Node, project: str | None) -> bool:
    """Say whether another project keeps this; what it left INACTIVE is free for anyone."""
    held = _values(node, "commercetoolsProject")
    return bool(held) and project not in held and node.get("status") != "INACTIVE"


def _told(node: Node) -> str:
    names = ("commercetoolsProject", "commercetoolsId")
    return "/".join(str(value) for name in names for value in _values(node, name))


def _prices(node: Node) -> Mapping[str, str]:
    """Return the price rows that are ours; Fluent may hand JSON back as text."""
    for value in _values(node, PRICES):
        found = value
        if isinstance(value, str):
            try:
                found = json.loads(value)
            except ValueError:
                return {}
        if isinstance(found, Mapping):
            return {str(key): str(state) for key, state in found.items()}
    return {}
