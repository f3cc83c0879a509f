"""What each room gets of a configuration."""

from typing import Any

import pytest

from fluent_connect.app import build
from fluent_connect.app.clients import error_table
from fluent_connect.app.config.load import load
from fluent_connect.app.config.result import Config
from fluent_connect.app.config.sections import ErrorEntry
from fluent_connect.app.discovery import discover
from unit.app.conftest import Write

CARRIER = """
fluent-connect:
  doors:
    carrier: { kind: external, schemes: [basic], users: { swift: pw }, name-from: "constant:c.p",
               id-from: "header:x-id", body-limit: 1KiB, accounts: [ACME] }
    shop: { keys: [one, two], accounts: [ACME] }
    signed: { secrets: [whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=] }
  routes:
    - { route: c.p, handler-name: CustomerCreateHandler, props: { tier: gold } }
"""


@pytest.fixture
def config(write: Write, environ: dict[str, str]) -> Config:
    return load(write(application__connector=CARRIER), (), environ)


def test_a_door_is_opened_by_the_schemes_that_there_are_secrets_for(config: Config) -> None:
    doors = build.doors(config.doors)
    assert {name: len(door.schemes) for name, door in doors.items()} == {
        "carrier": 1,
        "shop": 1,
        "signed": 1,
    }
    assert doors["carrier"].body_limit == 1024
    assert set(doors["carrier"].keep) == {"x-id"}
    assert not doors["shop"].keep


def test_a_door_of_another_system_feeds_its_accounts(config: Config) -> None:
    routes = build.route_table(config.routes, discover(()))
    outside = build.externals(config.doors, config.accounts, routes)
    assert list(outside) == ["carrier"]
    assert build.restrictions(config.doors) == {"shop": ("ACME",)}


def test_routes_carry_props_and_names_of_event_handlers_are_ordered(config: Config) -> None:
    routes = build.route_table(config.routes, discover(()))
    assert routes.find("c.p").props == {"tier": "gold"}
    assert build.ordered_names(routes) == frozenset()
    assert build.route_map(config.route_mapping, routes) is not None


def test_a_listener_of_one_account_feeds_no_other(config: Config) -> None:
    assert [each.account for each in build.account_map(config.accounts)] == ["ACME"]
    assert list(build.account_map(config.accounts, only="OTHER")) == []


@pytest.mark.parametrize(
    ("fate", "meaning"),
    [
        ("later", "later"),
        ("outage", "outage"),
        ("not-found", "missing"),
        ("exists", "exists"),
        ("dead", "refused"),
    ],
)
def test_configured_errors_go_before_ours(fate: Any, meaning: str) -> None:
    entries = [
        ErrorEntry(code="C01??E", fate=fate),
        ErrorEntry(code="C0020E", text="Not Today", fate=fate),
    ]
    table = error_table(entries)
    assert table.meaning({"extensions": {"code": "C0145E"}, "message": "no"}) == meaning
    assert table.meaning({"code": "C0020E", "message": "not today, please"}) == meaning
    assert table.meaning({"code": "C0020E", "message": "no"}) == "outage"
    assert error_table(()).meaning({"code": "C0145E"}) == "refused"
