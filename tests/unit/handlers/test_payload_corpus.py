"""Every recorded payload maps to what Fluent's schema allows, or to a reason in words."""

from collections import Counter

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import ConnectError
from fluent_schema import faults
from unit.handlers.recorded import KINDS, Kind, Recorded, recorded
from unit.handlers.stage import map_context, message, needs_corpus

_ENOUGH = 0.95
_CHOICE = Settings(order_ref="id", missing_address="send", import_orders="gate")
"""Addresses were taken out of most of these orders, and some have no number yet."""

NO_CREATES = {
    "ref-customer-groups.json": "",
    "ref-product-type.json": "Expected `object`, got `str`",
    "ref-standalone-price.json": "no variant has a SKU",
    "sunrise-product-type.json": "Expected `object`, got `str`",
    "ref-product-projection.json": "no variant has a SKU",
    "ref-product-projections.json#0": "no variant has a SKU",
    "ref-product-projections.json#1": "no variant has a SKU",
    "klaviyo-ctGet1Product.json": "have one SKU",
    "syncjava-product-with-unresolved-references.json": "have one SKU",
    "syncjava-simple-product-with-multiple-variants.json": "have one SKU",
    "klaviyo-ctGet2Orders.json#1": "the lines add up to",
    "ref-order-create.json": "no shippable line",
    "ref-order-import-create.json": "no shippable line",
    "ref-order-import.json": "no shippable line",
    "ref-order-update.json": "no shippable line",
    "subscriptionsapp-order-draft.json": "orderState=Complete",
    "klaviyo-sampleOrderCreatedMessage.json": "no shippable line",
    "klaviyo-sampleOrderWithPaymentMessage.json": "no shippable line",
}
"""Payloads that are no valid create: another kind of resource, an incomplete example, one that
breaks the platform's own rules (variants of one SKU, lines that do not add up), or an order that is
complete. Each with the reason that the mapping gives; "" where the rest of it still maps."""


def reason(one: Recorded) -> str:
    """Return why a payload is not done, "" if it is. Its output is what the schema allows."""
    told = message(one.kind.name, one.resource["id"])
    try:
        resource = msgspec.convert(one.resource, one.kind.shape)
        changes = list(one.kind.handler.map(resource, told, map_context(_CHOICE)))
    except (ConnectError, msgspec.ValidationError) as error:
        return f"{type(error).__name__}: {error}"
    upserts = [each for each in changes if isinstance(each, Upsert)]
    assert [fault for each in upserts for fault in faults(each)] == [], one.at
    return "" if any(each.create is not None for each in upserts) else "nothing is created"


@needs_corpus
@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_what_is_no_valid_create_says_so_in_words(kind: Kind) -> None:
    for one in recorded(kind):
        expected = NO_CREATES.get(one.at)
        if expected is not None:
            assert expected in reason(one), one.at


@needs_corpus
def test_nearly_every_valid_create_is_done() -> None:
    done, valid, not_done = Counter[str](), Counter[str](), []
    for kind in KINDS:
        for one in recorded(kind):
            if one.at not in NO_CREATES:
                why = reason(one)
                valid[kind.name] += 1
                done[kind.name] += not why
                not_done += [f"{one.at}: {why}"] if why else []
    share = done.total() / valid.total()
    for name, count in valid.items():
        print(f"{name}: {done[name]} of {count} valid creates are done")
    print(f"together: {done.total()} of {valid.total()}, {share:.1%}", *not_done, sep="\n")
    assert share >= _ENOUGH, not_done
    assert all(valid[kind.name] for kind in KINDS)
