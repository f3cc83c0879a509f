"""Each recipe of the documents, done as it stands there: files in a folder, and nothing else."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from fluent_connect.app.config.load import load
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.clients.fluent.schema.table import fields_of
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Mapper
from fluent_connect.model.errors import Skip
from golden.goldens import FOLDER, handling
from unit.app.conftest import ENVIRON
from unit.handlers.stage import map_context, message

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "mapping-recipes.md"
_RECIPE = re.compile(r"^## (\d+)\. ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"```yaml\n(?:# (mapping/\w+\.yml)\n)?(.*?)```", re.DOTALL)
Json = dict[str, Any]


def recipes() -> dict[int, Mapping[str, str]]:
    """Return the files of each recipe, by its number."""
    text = PAGE.read_text(encoding="utf-8")
    return {
        int(number): {
            file or "application-connector.yml": block for file, block in _BLOCK.findall(body)
        }
        for number, _, body in _RECIPE.findall(text)
    }


RECIPES = recipes()


class Dish(NamedTuple):
    """What a recipe is tried on: a golden source with a few fields set, and what it shall give."""

    number: int
    golden: str
    given: Mapping[str, Any]
    gives: Mapping[str, Any]
    entity: str = ""


def _attribute(name: str, value: Any, kind: str = "STRING") -> Json:
    return {f"attributes.{name}": {"name": name, "type": kind, "value": value}}


_FIELDS = "custom.fields"
_ATTRIBUTES = "masterData.current.masterVariant.attributes"
_TAXED = {
    "taxCategory": {
        "typeId": "tax-category",
        "id": "t",
        "obj": {"id": "t", "version": 1, "rates": [{"country": "DE", "amount": 0.07}]},
    }
}
DISHES = [
    Dish(
        1,
        "order/home-delivery",
        {_FIELDS: {"gift_message": "For you", "season": "winter"}},
        {
            **_attribute("giftMessage", "For you"),
            **_attribute("season", "winter"),
            "attributes.gift_message": None,
        },
    ),
    Dish(
        2,
        "order/home-delivery",
        {},
        {"attributes.origin": None, "attributes.commercetoolsCartId": None},
    ),
    Dish(3, "order/home-delivery", {_FIELDS: {"preorder": True}}, {"type": "PREORDER"}),
    Dish(3, "order/home-delivery", {_FIELDS: {"preorder": False}}, {"type": "HD"}),
    Dish(4, "order/home-delivery", {}, {"type": "HOME"}),
    Dish(
        5,
        "order/home-delivery",
        {"shippingInfo.shippingMethodName": "next-day"},
        {"fulfilmentChoice.deliveryType": "EXPRESS"},
    ),
    Dish(5, "order/home-delivery", {}, {"fulfilmentChoice.deliveryType": "STANDARD"}),
    Dish(
        6,
        "order/home-delivery",
        {_FIELDS: {"delivery_note": "Ring twice"}},
        {"fulfilmentChoice.deliveryInstruction": "Ring twice"},
    ),
    Dish(
        7,
        "order/home-delivery",
        {"businessUnit": {"typeId": "business-unit", "key": "acme-berlin"}},
        {"fulfilmentChoice.deliveryAddress.companyName": "acme-berlin"},
    ),
    Dish(
        8,
        "order/home-delivery",
        {"lineItems.0.custom": {"fields": {"engraving": "for ada"}}},
        {
            "items.0.attributes.engraving": {
                "name": "engraving",
                "type": "STRING",
                "value": "FOR ADA",
            }
        },
    ),
    Dish(
        9,
        "order/home-delivery",
        {},
        {**_attribute("skus", ["NORD"], "JSON"), **_attribute("pieces", 2, "INTEGER")},
    ),
    Dish(10, "order/home-delivery", {"paymentState": "Paid"}, {"ref": "N-1001"}),
    Dish(11, "order/custom-lines-by-table", {}, {"items.1.productRef": "SERVICE-WRAP"}),
    Dish(
        12,
        "order/payment-charged",
        {"paymentInfo.payments.0.obj.paymentMethodInfo.method": "ideal"},
        {"financialTransactions.0.paymentMethod": "IDEAL"},
    ),
    Dish(
        13,
        "product/simple",
        {_ATTRIBUTES: [{"name": "ean", "value": "4006381333931"}]},
        {"gtin": "4006381333931"},
        "variantProduct",
    ),
    Dish(14, "product/simple", {"key": "shirt"}, {"ref": "STD-shirt"}, "standardProduct"),
    Dish(
        15,
        "product/simple",
        {
            "masterData.current.masterVariant.prices": [
                {
                    "id": "a",
                    "value": {"currencyCode": "EUR", "centAmount": 1000, "fractionDigits": 2},
                },
                {
                    "id": "b",
                    "value": {"currencyCode": "EUR", "centAmount": 900, "fractionDigits": 2},
                    "channel": {
                        "typeId": "channel",
                        "id": "c",
                        "obj": {"id": "c", "version": 1, "key": "web"},
                    },
                },
            ]
        },
        {
            "prices": [
                {"type": "CHANNEL_web", "currency": "EUR", "value": 9.0},
                {"type": "DEFAULT", "currency": "EUR", "value": 10.0},
            ]
        },
        "variantProduct",
    ),
    Dish(
        16,
        "product/simple",
        {_ATTRIBUTES: [{"name": "weight", "value": 1250}]},
        _attribute("weightKg", 1.25, "FLOAT"),
        "variantProduct",
    ),
    Dish(
        17,
        "product/simple",
        {_ATTRIBUTES: [{"name": "color", "value": {"key": "sky", "label": "Sky"}}]},
        _attribute("colourGroup", "BLUE"),
        "variantProduct",
    ),
    Dish(18, "product/simple", _TAXED, {"taxType.group": "REDUCED_DE"}, "variantProduct"),
    Dish(19, "category/whole", {}, {"name": "lamps: Leuchten"}),
    Dish(
        20,
        "product/simple",
        {_ATTRIBUTES: [{"name": "release", "value": "2026-03-01T23:30:00.000Z"}]},
        _attribute("releasedOn", "02.03.2026"),
        "variantProduct",
    ),
    Dish(21, "customer/whole", {_FIELDS: {"newsletter": True}}, {"promotionOptIn": True}),
    Dish(21, "customer/whole", {_FIELDS: {}}, {"promotionOptIn": False}),
    Dish(22, "customer/whole", {"firstName": None}, {"firstName": "Example Ltd"}),
    Dish(22, "customer/whole", {"firstName": None, "companyName": None}, {"firstName": "-"}),
    Dish(23, "customer/whole", {}, {"primaryPhone": "+49 30 1234"}),
    Dish(24, "customer/whole", {}, {"username": "4711"}),
]


def test_there_are_twenty_recipes_and_each_is_tried() -> None:
    assert len(RECIPES) >= 20
    assert sorted(RECIPES) == sorted({dish.number for dish in DISHES})
    assert all(RECIPES.values())


@pytest.mark.parametrize("dish", DISHES, ids=lambda dish: f"{dish.number}-{next(iter(dish.gives))}")
def test_a_recipe_gives_what_it_says(dish: Dish, tmp_path: Path) -> None:
    made = cooked(dish, tmp_path)
    assert {path: found(made, path) for path in dish.gives} == dish.gives


@pytest.mark.parametrize("number", [10])
def test_the_gate_of_a_recipe_is_closed_to_the_others(number: int, tmp_path: Path) -> None:
    with pytest.raises(Skip, match="paymentState"):
        cooked(Dish(number, "order/home-delivery", {}, {}), tmp_path)


def cooked(dish: Dish, folder: Path) -> Json:
    """Return the create that comes of a source with the recipe's files, and no other."""
    for name, text in RECIPES[dish.number].items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    config = load(folder, (), ENVIRON)
    (settings,) = config.settings.values() or (Settings(),)
    kind = dish.golden.partition("/")[0]
    handler, shape = handling(kind)
    rules = Rules(config.mapping.blocks, handler.targets, settings=Settings, inputs=fields_of)
    assert not rules.faults()
    held = json.loads((FOLDER / f"{dish.golden}.json").read_text("utf-8"))
    source = held["source"]
    for path, value in dish.given.items():
        put(source, path.split("."), value)
    context = map_context(settings)
    context = msgspec.structs.replace(context, mapping=Mapper(rules).bound(context.mapping.given))
    about = message(kind, source["id"], **held.get("message", {}))
    changes = handler.map(msgspec.convert(source, shape), about, context)
    upserts = [each for each in changes if isinstance(each, Upsert)]
    chosen = next(each for each in upserts if not dish.entity or each.entity == dish.entity)
    return dict(chosen.create or {})


def put(held: Any, path: Sequence[str], value: Any) -> None:
    """Set a field of a source; None takes it away."""
    step, *rest = path
    key: Any = int(step) if isinstance(held, list) else step
    if rest:
        if isinstance(held, dict):
            held.setdefault(key, {})
        put(held[key], rest, value)
    elif value is None:
        held.pop(key, None)
    else:
        held[key] = value


def found(made: Any, path: str) -> Any:
    """Return what stands at a path; an attribute by its name; None if nothing does."""
    value = made
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, Sequence) and step.isdigit():
            value = value[int(step)]
        elif isinstance(value, Sequence):
            value = next((each for each in value if each.get("name") == step), None)
    return value
