from pathlib import Path

from com.fluentcommerce.connect.custom import carrier_handler, my_order_handler

from fluent_connect.app.config.load import load
from fluent_connect.app.discovery import discover

HERE = Path(__file__).parent
ENVIRONMENT = {
    "CARRIER_KEY": "made-up-for-a-test-4711",
    "FC_DOOR_SECRET": "made-up-for-a-test-4712",
    "FC_PROJECT_KEY": "shop",
    "FC_CT_API_URL": "https://api.shop.example",
    "FC_CT_AUTH_URL": "https://auth.shop.example",
    "FC_CT_CLIENT_ID": "id",
    "FC_CT_CLIENT_SECRET": "made-up",
    "FC_FLUENT_URL": "https://shop.fluent.example",
    "FC_FLUENT_ACCOUNT": "SHOP",
    "FC_FLUENT_RETAILER": "1",
    "FC_FLUENT_USERNAME": "user",
    "FC_FLUENT_PASSWORD": "made-up",
    "FC_FLUENT_CLIENT_ID": "SHOP",
    "FC_FLUENT_CLIENT_SECRET": "made-up",
    "FC_FLUENT_CATALOGUE": "DEFAULT:1",
}


def test_the_folder_is_found_and_its_handlers_replace_ours() -> None:
    found = discover(paths=[HERE])
    assert found.mistakes == ()
    assert found.resolve("OrderCreateHandler") is my_order_handler.MyOrderHandler
    assert found.resolve("CarrierHandler") is carrier_handler.CarrierHandler
    path = "com.fluentcommerce.connect.custom.my_order_handler.MarketplaceOrderHandler"
    assert found.resolve(path) is my_order_handler.MarketplaceOrderHandler


def test_the_carriers_door_is_configured_without_a_line_of_code() -> None:
    config = load(HERE, environ=ENVIRONMENT)
    door = config.doors["carrier"]
    assert (door.kind, door.name_from) == ("external", "constant:carrier.parcel")
