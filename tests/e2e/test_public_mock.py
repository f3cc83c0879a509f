"""From the public commercetools mock server, over real HTTP, into Fluent."""

from pathlib import Path
from typing import Any

import pytest

from e2e.harness import Books, Connector, refs
from e2e.mock import Mock
from fluent_connect.app.playground import SECRET
from fluent_connect.ingest.webhook import PATH
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.node, pytest.mark.e2e, pytest.mark.timeout(240)]
_GROSS = {"currencyCode": "EUR", "centAmount": 1190}


async def test_what_is_made_in_the_public_mock_is_in_fluent(
    sandbox: Sandbox, mock: Mock, mock_environ: dict[str, str], quick: Path, tmp_path: Path
) -> None:
    async with Connector(tmp_path / "data", mock_environ, config=quick) as connector:
        await mock.start(connector.url + PATH, SECRET)
        shop = Shop(mock)
        await shop.fill()
        await mock.fault("/orders/", 503, retry_after=1)
        await shop.sell()
        await mock.drained()
        ledger = await connector.settled(accepted=8)
        told = Books(connector.data).told()
        assert (ledger.dead, ledger.unaccounted) == (0, 0), told
        assert await connector.stop() == 0
    shop.compare(sandbox)
    assert any("503" in each["error"] for each in Books(connector.data).attempts())


class Shop:
    """A customer, a category, a published product of two variants, and an order of it."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock

    async def fill(self) -> None:
        make = self._mock.make
        person = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com"}
        signed_in = await make("customers", **person, password="p")
        self.customer = signed_in["customer"]
        name = {"en": "Shoes"}
        self.category = await make("categories", key="shoes", name=name, slug={"en": "shoes"})
        self._tax = await make("tax-categories", name="VAT", key="vat", rates=[_rate()])
        kind = await make("product-types", name="Shoe", key="shoe", description="", attributes=[])
        draft = {
            "key": "boot",
            "name": {"en": "Boot"},
            "slug": {"en": "boot"},
            "productType": {"typeId": "product-type", "id": kind["id"]},
            "taxCategory": {"typeId": "tax-category", "id": self._tax["id"]},
            "categories": [{"typeId": "category", "id": self.category["id"]}],
            "masterVariant": {"sku": "BOOT-41", "prices": [{"value": _GROSS}]},
            "variants": [{"sku": "BOOT-42", "prices": [{"value": _GROSS}]}],
            "publish": False,
        }
        product = await make("products", **draft)
        publish = [{"action": "publish"}]
        path = f"products/{product['id']}"
        self.product = await make(path, version=product["version"], actions=publish)

    async def sell(self) -> None:
        address = {"country": "DE", "firstName": "Ada", "lastName": "Byron", "city": "Köln"}
        street = {"streetName": "Domplatz", "streetNumber": "1", "postalCode": "50667"}
        cart = await self._mock.make(
            "carts",
            currency="EUR",
            country="DE",
            customerId=self.customer["id"],
            customerEmail="ada@example.com",
            shippingAddress={**address, **street},
            lineItems=[{"sku": "BOOT-42", "quantity": 2}],
        )
        reference = {"typeId": "cart", "id": cart["id"]}
        version = cart["version"]
        number = {"orderNumber": "O-1", "version": version, "cart": reference}
        self.order = await self._mock.make("orders", **number)

    def compare(self, sandbox: Sandbox) -> None:
        """Check that Fluent holds the shop."""
        listing = sandbox.fluent.entities.listing
        (customer,) = [c for c in listing("customer") if c["ref"] == self.customer["id"]]
        assert (customer["firstName"], customer["primaryEmail"]) == ("Ada", "ada@example.com")
        (category,) = listing("category")
        assert (category["ref"], category["name"]) == (self.category["id"], "Shoes")
        (standard,) = listing("standardProduct")
        assert (standard["ref"], standard["name"]) == ("P_boot", "Boot")
        assert refs(listing("variantProduct")) == {"BOOT-41", "BOOT-42"}
        (order,) = listing("order")
        assert (order["ref"], order["type"], order["totalPrice"]) == ("O-1", "HD", 23.8)
        assert order["customerLink"] == {"ref": self.customer["id"]}
        (item,) = order["items"]
        assert (item["productRef"], item["quantity"]) == ("BOOT-42", 2)
        assert order["choices"][0]["deliveryAddress"]["city"] == "Köln"


def _rate() -> dict[str, Any]:
    return {"name": "19%", "amount": 0.19, "includedInPrice": True, "country": "DE"}
