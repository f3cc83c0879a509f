from typing import Any

import pytest

from fluent_connect.clients.fluent.model import Event, Upsert
from fluent_connect.handlers.message_handler import Refresh
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Fence, Newer
from fluent_connect.router.fencing import digest, doubted, newer, stale, superseded, unchanged

ORDER = Reference("order", "o1")
APPLIED = Fence(version=5, fingerprint="f", output="o")
GONE = Fence(version=5, fingerprint="f", output="o", deleted=True)
MISSING = Fence(version=5, fingerprint="f", deleted=True)
UPSERT = Upsert(entity="order", ref="1", create={})


def message(version: int | None = 5, **fields: Any) -> Message:
    told = {"kind": "ResourceUpdated", **fields}
    return Message(
        id="p.0",
        name="route",
        key="k",
        account="a",
        retailer="1",
        resource=ORDER,
        version=version,
        **told,
    )


def test_without_a_fence_everything_passes() -> None:
    assert superseded(message(), None, "f") is None


def test_what_is_newer_passes() -> None:
    assert superseded(message(6), APPLIED, "f") is None


@pytest.mark.parametrize(
    "cause", ["notification", "external", "refresh", "repair", "replay", "job"]
)
def test_below_the_fence_nothing_passes(cause: str) -> None:
    assert superseded(message(4, cause=cause), APPLIED, "other") == "version 5"


@pytest.mark.parametrize("cause", ["notification", "external", "job"])
def test_an_equal_notification_was_applied_already(cause: str) -> None:
    assert superseded(message(cause=cause), APPLIED, "f") == "version 5"


def test_an_equal_notification_passes_if_the_mapping_has_changed() -> None:
    assert superseded(message(), APPLIED, "other") is None


@pytest.mark.parametrize("cause", ["refresh", "repair", "replay", "fluent"])
def test_what_asks_for_a_second_look_passes_at_the_fence(cause: str) -> None:
    assert superseded(message(cause=cause), APPLIED, "f") is None


def test_a_deletion_passes_at_the_fence() -> None:
    assert superseded(message(kind="ResourceDeleted"), APPLIED, "f") is None


@pytest.mark.parametrize("kind", ["ResourceUpdated", "ResourceDeleted"])
def test_nothing_notified_passes_at_a_tombstone(kind: str) -> None:
    assert superseded(message(kind=kind), GONE, "other") == "version 5"


def test_a_deletion_passes_where_nothing_was_done_about_it_yet() -> None:
    assert superseded(message(kind="ResourceDeleted"), MISSING, "f") is None
    assert superseded(message(kind="ResourceUpdated"), MISSING, "f") == "version 5"


def test_a_refresh_without_version_passes_a_fence_but_no_tombstone() -> None:
    refresh = message(None, cause="refresh")
    assert superseded(refresh, APPLIED, "f") is None
    assert superseded(refresh, GONE, "f") == "its deletion"


def test_events_are_ordered_by_sequence() -> None:
    applied = Fence(version=3, fingerprint="f")
    told = {sequence: message(9, sequence=sequence) for sequence in (2, 3, 4)}
    found = {n: superseded(each, applied, "other", event=True) for n, each in told.items()}
    assert found == {2: "sequence 3", 3: "sequence 3", 4: None}


def test_an_event_may_be_replayed() -> None:
    again = message(sequence=5, cause="replay")
    assert superseded(again, APPLIED, "f", event=True) is None


def test_an_event_without_sequence_is_ordered_by_version() -> None:
    assert superseded(message(4), APPLIED, "f", event=True) == "sequence 5"


@pytest.mark.parametrize("version", [None, 5, 6])
def test_a_read_at_or_above_what_is_known_is_not_stale(version: int | None) -> None:
    assert stale(message(5), version, {}, APPLIED) is None


def test_a_read_below_the_notified_version_is_stale() -> None:
    assert stale(message(7), 6, {}, None) == "stale read: version 6, but 7 exists"


def test_a_read_below_the_fence_is_stale_whatever_was_notified() -> None:
    assert stale(message(None), 4, {}, APPLIED) == "stale read: version 4, but 5 exists"


def test_the_same_output_at_a_higher_version_needs_no_push() -> None:
    assert unchanged([UPSERT], message(6), 6, APPLIED, APPLIED)


def test_a_read_with_an_older_dependency_than_what_made_us_look_is_stale() -> None:
    refresh = message(None, cause="refresh", dependencies={"payment/p": 3})
    assert stale(refresh, 5, {"payment/p": 3}, APPLIED) is None
    assert stale(refresh, 5, {"other/p": 2}, APPLIED) is None
    assert stale(refresh, 5, {"payment/p": 2}, None) == (
        "stale read: payment/p at version 2, but 3 exists"
    )


def test_a_read_with_an_older_dependency_is_stale() -> None:
    applied = Fence(5, dependencies={"category/c1": 3})
    found = stale(message(6), 6, {"channel/x": 1, "category/c1": 2}, applied)
    assert found == "stale read: category/c1 at version 2, but 3 exists"
    assert stale(message(6), 6, {"category/c1": 3}, applied) is None


@pytest.mark.parametrize(
    ("version", "old"),
    [
        (6, None),
        (6, GONE),
        (None, APPLIED),
        (5, APPLIED),
        (6, Fence(5, "f", "else")),
        (6, Fence(5, "else", "o")),
    ],
)
def test_any_other_state_is_pushed(version: int | None, old: Fence | None) -> None:
    assert not unchanged([UPSERT], message(6), version, old, Fence(6, "f", "o"))


def test_a_repair_is_always_pushed() -> None:
    assert not unchanged([UPSERT], message(6, cause="repair"), 6, APPLIED, APPLIED)


@pytest.mark.parametrize("change", [Event(name="Paid", entity_type="ORDER"), Refresh(ORDER)])
def test_what_is_no_upsert_is_meant_anew_each_time(change: Event | Refresh) -> None:
    assert not unchanged([UPSERT, change], message(6), 6, APPLIED, APPLIED)


def test_a_guard_lets_pass_at_the_fence_only_what_was_read_so() -> None:
    assert newer("k", APPLIED, Fence(4)) == Newer("k", APPLIED)
    assert newer("k", APPLIED, None) == Newer("k", APPLIED)
    assert newer("k", APPLIED, Fence(5)) == Newer("k", APPLIED, or_equal=True)


def test_a_doubted_fence_stands_where_it_stood_without_its_output() -> None:
    assert doubted("k", APPLIED) == Newer("k", Fence(5, "f"), or_equal=True)


def test_a_digest_tells_apart_and_is_stable() -> None:
    assert digest({"a": 1}) == digest({"a": 1}) != digest({"a": 2})


def test_a_digest_takes_what_json_does_not_know() -> None:
    assert digest([1j]) != digest([2j])
