"""What holds for every order: it adds up in exact decimals, and nothing in it meets another."""

import ast
import json
import pathlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import fluent_connect
from golden.goldens import Golden, goldens

Json = dict[str, Any]

PACKAGE = pathlib.Path(fluent_connect.__file__).parent
ORDERS = [each for each in goldens("order") if "output" in each.held]
_LEAST = 45

FLOATS_AT = {
    "mapping/money.py:number": "the one place where money becomes JSON: as it prints exactly",
    "mapping/rules/values.py:as_number": "numbers of rules leave as JSON, from a Decimal",
    "mapping/rules/values.py:as_type": "an attribute of type FLOAT, from a Decimal",
    "mapping/rules/options.py:constant": "a constant that a mapping file writes with a point",
    "mapping/defaults/packaged.py:packaged": "a path, no division",
    "mapping/prices.py:": "ten years in seconds, no money",
}
"""Where a float may be made, and why it is no reckoning."""


def _exact(golden: Golden) -> tuple[Json, Json]:
    """Return the order and its creation, numbers as they stand in the file."""
    held = json.loads(golden.path.read_text("utf-8"), parse_float=Decimal)
    (change,) = held["output"]
    return held["source"], change["create"]


def _choices(created: Json) -> list[Json]:
    return created.get("fulfilmentChoices") or [created["fulfilmentChoice"]]


def _amount(money: Json) -> Decimal:
    if "preciseAmount" in money:
        return Decimal(money["preciseAmount"]).scaleb(-money["fractionDigits"])
    return Decimal(money["centAmount"]).scaleb(-money["fractionDigits"])


def _kept(created: Json) -> Iterator[Decimal]:
    """Yield the custom lines that an attribute keeps; the negative ones were shared out."""
    for each in created["attributes"]:
        for line in each["value"] if each["name"] == "customLines" else ():
            share = Decimal(line["net"]) + Decimal(line["tax"])
            if share > 0:
                yield share


def test_there_are_enough_orders() -> None:
    assert len(ORDERS) >= _LEAST


@pytest.mark.parametrize("golden", ORDERS, ids=[each.name for each in ORDERS])
def test_what_fluent_gets_is_what_the_customer_pays(golden: Golden) -> None:
    order, created = _exact(golden)
    parts = [each[name] for each in created["items"] for name in ("totalPrice", "totalTaxPrice")]
    parts += [
        each[name]
        for each in _choices(created)
        for name in ("fulfilmentPrice", "fulfilmentTaxPrice")
    ]
    taxed = order.get("taxedPrice")
    gross = _amount(taxed["totalGross"] if taxed else order["totalPrice"])
    assert sum(parts, Decimal(0)) + sum(_kept(created), Decimal(0)) == gross
    net = created["totalPrice"] - (created["totalTaxPrice"] if "gross" in _reading(golden) else 0)
    assert net + created["totalTaxPrice"] == gross


def _reading(golden: Golden) -> str:
    reading: str = golden.held.get("settings", {}).get("item-prices", "net")
    return reading


@pytest.mark.parametrize("golden", ORDERS, ids=[each.name for each in ORDERS])
def test_nothing_negative_is_sent(golden: Golden) -> None:
    _, created = _exact(golden)
    assert [each for each in _numbers(created) if each < 0] == []


def _numbers(value: Any) -> Iterator[Decimal]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int | Decimal):
        yield Decimal(value)


@pytest.mark.parametrize("golden", ORDERS, ids=[each.name for each in ORDERS])
def test_no_two_parts_have_one_ref(golden: Golden) -> None:
    _, created = _exact(golden)
    choices = [each["ref"] for each in _choices(created)]
    for refs in (
        [each["ref"] for each in created["items"]],
        [each["ref"] for each in created.get("financialTransactions", ())],
        choices,
    ):
        assert len(refs) == len(set(refs))
    told = {each.get("fulfilmentChoiceRef") for each in created["items"]}
    assert told == (set(choices) if "fulfilmentChoices" in created else {None})


@pytest.mark.parametrize("golden", ORDERS, ids=[each.name for each in ORDERS])
def test_each_attribute_is_told_once(golden: Golden) -> None:
    _, created = _exact(golden)
    parts = [created, *created["items"], *_choices(created)]
    for each in (*parts, *created.get("financialTransactions", ())):
        names = [attribute["name"] for attribute in each.get("attributes", ())]
        assert len(names) == len(set(names))


def test_money_is_never_a_float_while_it_is_reckoned_with() -> None:
    files = [*(PACKAGE / "handlers/order").glob("*.py"), *(PACKAGE / "mapping").rglob("*.py")]
    found = [at for file in files for at in _floats(file)]
    assert len(files) > 20
    assert [at for at in found if at not in FLOATS_AT] == []
    assert "mapping/money.py:number" in found, "nothing was looked at"


def _floats(file: pathlib.Path) -> Iterator[str]:
    """Yield the functions with a float literal, a call of float, or a division of numbers."""
    tree = ast.parse(file.read_text("utf-8"))
    name = file.relative_to(PACKAGE).as_posix()
    yield from _floats_in(tree, name, "")


def _floats_in(node: ast.AST, file: str, function: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef) and not function else function
        if _makes_float(child):
            yield f"{file}:{inner}"
        yield from _floats_in(child, file, inner)


def _makes_float(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=float()):
            return True
        case ast.Call(func=ast.Name(id="float")):
            return True
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return True
    return False
