"""`map try` on files: what becomes of a resource, a notification, an envelope."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from fluent_connect.app.cli.mapping_shown import told
from fluent_connect.app.shadow.differences import NOTHING, Difference
from unit.app.cli.shelf import Ran, Shell
from unit.app.conftest import ENVIRON

CATEGORY = {
    "id": "c-1",
    "version": 3,
    "key": "chairs",
    "name": {"en": "Chairs"},
    "slug": {"en": "chairs"},
    "ancestors": [],
    "orderHint": "0.5",
}
PAYMENT = {"id": "p-1", "version": 1, "amountPlanned": {"currencyCode": "EUR", "centAmount": 1000}}
MONEY = {"type": "centPrecision", "currencyCode": "EUR", "centAmount": 1000, "fractionDigits": 2}
LINE = {
    "id": "l-1",
    "productId": "prod-1",
    "name": {"en": "Chair"},
    "variant": {"id": 1, "sku": "CHAIR-1"},
    "price": {"value": MONEY},
    "quantity": 1,
    "totalPrice": MONEY,
}
ORDER = {
    "id": "o-1",
    "version": 2,
    "orderNumber": "1234",
    "customerEmail": "ann@example.com",
    "orderState": "Open",
    "totalPrice": MONEY,
    "lineItems": [LINE],
    "customLineItems": [],
    "shippingAddress": {"firstName": "Ann", "city": "Ulm", "country": "DE", "streetName": "S"},
    "paymentInfo": {"payments": [{"typeId": "payment", "id": "p-1"}]},
    "createdAt": "2026-01-05T09:00:00.000Z",
}


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def put(tmp_path: Path) -> Any:
    def write(name: str, value: Any) -> str:
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(value))
        return str(file)

    return write


def fields(ran: Ran) -> dict[str, dict[str, Any]]:
    (row,) = ran.rows
    return {each["field"]: each for each in row["changes"][0]["fields"]}


def test_a_resource_in_a_file_needs_no_account(shell: Shell, put: Any) -> None:
    ran = shell("map", "try", put("category", CATEGORY), "--json")
    assert ran.code == 0
    assert ran.err == "no account is configured here: Fluent is not asked, as with --offline\n"
    (row,) = ran.rows
    assert (row["resource"], row["outcome"], row["version"]) == ("category/c-1", "mapped", 3)
    assert row["handler"] == "CategoryUpsertHandler"
    assert row["source"]["key"] == "chairs"
    name = fields(ran)["name"]
    assert (name["value"], name["on"]) == ("Chairs", ["create", "update"])
    assert name["reads"] == ["category.name"]
    assert "defaults/category.yml:" in name["rule"]


def test_the_settings_of_an_account_count_though_its_secrets_are_not_set(
    shell: Shell, put: Any, tmp_path: Path
) -> None:
    conf = tmp_path / "conf"
    conf.mkdir()
    access = "{ url: 'https://f.example.com', username: u, password: '${PW}', client-id: c,"
    shop = "{ project-key: shop, auth-url: 'https://a.example.com', client-id: c,"
    (conf / "application-connector.yml").write_text(f"""\
fluent-connect:
  settings: {{ catalogue: "SPRING:1" }}
  accounts:
    - name: ACME
      retailer: "7"
      fluent: {access} client-secret: '${{SECRET}}' }}
      commercetools: {shop} api-url: 'https://b.example.com', client-secret: '${{SECRET}}' }}
  doors: {{ default: {{ keys: ['${{KEY}}'] }} }}
""")
    ran = shell("map", "try", put("category", CATEGORY), "--config", str(conf), "--json")
    assert ran.code == 0, ran.err
    assert ran.rows[0]["account"] == "ACME"
    assert fields(ran)["catalogue.ref"]["value"] == "SPRING:1"


@pytest.mark.parametrize("columns", ["80", "120"])
def test_a_table_fits_the_terminal(
    shell: Shell, put: Any, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    ran = shell("map", "try", put("category", CATEGORY))
    lines = ran.out.splitlines()
    assert all(len(line) <= int(columns) for line in lines)
    (row,) = (line for line in lines if line.startswith("name "))
    assert '"Chairs"' in row
    assert "category.name" in row
    assert ("defaults/category.yml:" in row) == (columns == "120")


def test_an_attribute_is_one_line(shell: Shell, put: Any) -> None:
    out = shell("map", "try", put("category", CATEGORY)).out
    assert out.count("attributes[orderHint]") == 1
    assert ".type" not in out


def test_the_source_is_printed_whole_where_it_is_asked_for(shell: Shell, put: Any) -> None:
    file = put("category", CATEGORY)
    assert '"orderHint": "0.5"' in shell("map", "try", file, "--source").out
    assert '"orderHint": "0.5"' not in shell("map", "try", file).out


def test_what_is_not_in_the_file_is_named_and_can_be_given(shell: Shell, put: Any) -> None:
    file = put("order", ORDER)
    ran = shell("map", "try", file)
    assert ran.code == 5
    assert "CLI020" in ran.err
    assert "payments/p-1" in ran.err
    assert "--with" in ran.err
    ran = shell("map", "try", file, "--with", put("payment", PAYMENT), "--json")
    assert ran.code == 0, ran.err
    assert fields(ran)["ref"]["value"] == "1234"
    assert fields(ran)["totalPrice"]["value"] == 10


def test_what_queries_would_find_may_stand_beside_the_file(shell: Shell, put: Any) -> None:
    data = {
        "name": {"en": "Chair"},
        "slug": {"en": "chair"},
        "categories": [],
        "masterVariant": {"id": 1, "sku": "CHAIR-1"},
        "variants": [],
    }
    product = {"id": "p-9", "version": 4, "key": "chair", "priceMode": "Standalone"}
    product["masterData"] = {"published": True, "current": data, "staged": data}
    price = {"id": "s-1", "version": 1, "sku": "CHAIR-1", "value": MONEY}
    file = put("product", product)
    without = shell("map", "try", file, "--json")
    assert '"prices"' not in without.out
    assert "standalone-prices" in without.err
    ran = shell("map", "try", file, "--json", "--with", put("prices", {"results": [price]}))
    assert ran.code == 0, ran.out
    assert ran.rows[0]["changes"][1]["create"]["prices"][0]["value"] == 10


def test_a_rule_that_cannot_be_followed_is_told_with_its_reason(shell: Shell, put: Any) -> None:
    shipped = {**ORDER, "shipmentState": "Shipped", "paymentInfo": None}
    ran = shell("map", "try", put("order", shipped))
    assert ran.code == 0
    assert "skipped: not exportable (shipmentState=Shipped)" in ran.out
    nothing = {**ORDER, "shippingAddress": None, "paymentInfo": None}
    assert shell("map", "try", put("order", nothing)).code == 9


def test_what_the_schema_refuses_stands_beside_the_field(shell: Shell, put: Any) -> None:
    config = Path(put("category", CATEGORY)).parent
    (config / "application-connector.yml").write_text("fluent-connect: {}\n")
    (config / "mapping").mkdir()
    rules = "    name: { value: [1] }\n    summary: { path: category.key, cut: 4 }\n"
    (config / "mapping" / "category.yml").write_text(f"category:\n  fields:\n{rules}")
    ran = shell("map", "try", str(config / "category.json"), "--config", str(config))
    assert ran.code == 9
    lines = ran.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("name[0] "))
    assert lines[at + 1].startswith("    refused: is a list of 1, and must be a text")
    assert "    cut from 6 to 4" in lines
    assert "the message would be dead" in ran.err


def test_a_route_may_be_named_by_its_end(shell: Shell, put: Any) -> None:
    file = put("category", CATEGORY)
    (row,) = shell("map", "try", file, "--route", "category.upsert", "--json").rows
    assert row["route"] == "commercetools.connect.category.upsert"
    ran = shell("map", "try", file, "--route", "categori.upsert")
    assert ran.code == 6
    assert "CLI014" in ran.err


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        ({"id": "1", "version": 1}, "CLI021", "--type"),
        ({"no": "resource"}, "CLI021", "neither a resource"),
        ({**CATEGORY, "id": "q", "ancestors": 1}, None, "dead: "),
    ],
)
def test_a_file_that_holds_nothing_known_is_refused(
    shell: Shell, put: Any, value: Any, code: str | None, words: str
) -> None:
    ran = shell("map", "try", put("file", value))
    if code is None:
        assert ran.code == 9
        assert words in ran.out
    else:
        assert ran.code == 2
        assert code in ran.err
        assert words in ran.err


def test_a_file_that_is_not_there_is_not_found(shell: Shell) -> None:
    ran = shell("map", "try", "nowhere/order.json")
    assert ran.code == 6
    assert "CLI007" in ran.err


def test_a_notification_that_no_route_takes_says_why(
    shell: Shell, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    about = {"resource": {"typeId": "inventory-entry", "id": "i"}, "version": 1}
    told_ = {"notificationType": "ResourceUpdated", "projectKey": "shop", **about}
    ran = shell("map", "try", put("inventory", told_))
    assert ran.code == 0
    assert "no message comes of it: " in ran.out


def test_a_difference_reads_as_from_and_to() -> None:
    plain: dict[str, Any] = {"change": "category c", "on": ("create",), "path": "name"}
    assert told(Difference(**plain, how="changed", old="A", new=1)) == 'name (create): "A" -> 1'
    assert told(Difference(**plain, how="added", old=NOTHING, new=None)).endswith("nothing -> null")
    both = {**plain, "on": ("create", "update")}
    assert told(Difference(**both, how="moved", old="a, b", new="b, a")) == (
        "name: another order: a, b -> b, a"
    )
    whole = {**plain, "path": ""}
    assert told(Difference(**whole, how="removed")) == "no longer written"
