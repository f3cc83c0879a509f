"""What `trigger` makes up, is what the listener can read; and what it signs, doors accept."""

import time

import pytest

from fluent_connect.app.cli import notifications, reading
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.sending import proof
from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.ingest.verify.door import Secrets, schemes
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.listener.envelopes import unwrap
from fluent_connect.listener.parse import parse
from fluent_connect.model.notification import Reference

ABOUT = Reference("order", "o-1")
AT = "2026-01-31T12:00:00.000Z"


@pytest.mark.parametrize(
    ("kind", "type_id"),
    [
        ("OrderCreated", "order"),
        ("DeliveryAdded", "order"),
        ("CustomerGroupSet", "customer"),
        ("CustomerGroupCustomFieldAdded", "customer-group"),
        ("PaymentMethodInfoMethodSet", "payment"),
        ("PaymentMethodCreated", "payment-method"),
        ("ProductVariantAdded", "product"),
        ("StandalonePriceCreated", "standalone-price"),
        ("InventoryEntryDeleted", "inventory-entry"),
        ("ResourceUpdated", None),
    ],
)
def test_a_kind_tells_the_type_of_its_resource(kind: str, type_id: str | None) -> None:
    assert notifications.type_of(kind) == type_id


def test_a_kind_that_is_none_is_understood() -> None:
    with pytest.raises(CliError) as raised:
        notifications.type_of("OdrerCreated", ["OrderCreated"])
    assert raised.value.do == 'did you mean "OrderCreated"?'


@pytest.mark.parametrize("envelope", notifications.ENVELOPES)
@pytest.mark.parametrize("kind", ["OrderCreated", "ResourceCreated", "ResourceDeleted"])
def test_the_listener_reads_what_is_made_up(kind: str, envelope: str) -> None:
    payload = notifications.made_up(kind, ABOUT, 7, id_="n-1", project="shop", at=AT)
    body, content_type = notifications.wrapped(envelope, payload, "m-1")
    (inner,) = unwrap(body, {"content-type": content_type})
    read = parse(inner)
    assert (read.kind, read.resource, read.version) == (kind, ABOUT, 7)
    assert (read.project_key, read.sequence) == ("shop", None)
    assert read.id == notifications.notification_id(payload)


def test_fields_are_set_by_path() -> None:
    payload = notifications.made_up("OrderCreated", ABOUT, 7, id_="n-1", project="shop", at=AT)
    notifications.assign(payload, ["resourceVersion=9", "order.orderState=Open", 'a.b.c={"d":1}'])
    assert payload["resourceVersion"] == 9
    assert payload["order"] == {"orderState": "Open"}
    assert payload["a"] == {"b": {"c": {"d": 1}}}


@pytest.mark.parametrize("assignment", ["version", "=7", "id.x=1"])
def test_what_is_no_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(CliError, match="no"):
        notifications.assign({"id": "n-1"}, [assignment])


def test_an_envelope_that_is_not_known_is_understood() -> None:
    with pytest.raises(CliError) as raised:
        notifications.wrapped("pubsu", {}, "m-1")
    assert raised.value.do == 'did you mean "pubsub"?'


@pytest.mark.parametrize(
    "door",
    [
        DoorEntry(schemes=("standard-webhooks",), secrets=("whsec_c2VjcmV0LXNlY3JldA",)),
        DoorEntry(schemes=("standard-webhooks",), secrets=("plain text",)),
        DoorEntry(schemes=("api-key",), keys=("key",), header="x-our-key"),
        DoorEntry(schemes=("api-key",), secrets=("key",)),
        DoorEntry(schemes=("basic",), users={"ann": "secret"}),
        DoorEntry(scheme=("none",)),
    ],
)
def test_a_door_accepts_the_proof(door: DoorEntry) -> None:
    now = int(time.time())
    headers = proof(door, "msg_1", now, b"{}")
    given = Secrets(
        secrets=door.secrets, keys=door.keys, users=door.users, header=door.header, tolerance=60.0
    )
    raw = {name.lower().encode(): value.encode() for name, value in headers.items()}
    assert any(each.passes(Knock(raw, b"{}"), now) for each in schemes(door.all_schemes, given))


def test_a_door_without_a_secret_is_an_error() -> None:
    with pytest.raises(CliError) as raised:
        proof(DoorEntry(schemes=("api-key",), keys=("",)), "msg_1", 0, b"")
    assert raised.value.code == "CLI015"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("1h30m", 5400.0), ("2 d", 172800.0), ("250ms", 0.25), ("1.5h", 5400.0)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert reading.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "five", "5x", "s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(CliError):
        reading.duration(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h ago", 1_000_000.0 - 7200),
        ("now", 1_000_000.0),
        ("1970-01-02", 86400.0),
        ("1970-01-01T01:00:00Z", 3600.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
    ],
)
def test_times_are_read_as_utc(text: str, at: float) -> None:
    assert reading.moment(text, 1_000_000.0) == at
