"""What a Subscription must send for the routes, and what must change for it to do so."""

from typing import Any

import pytest

from fluent_connect.clients.commercetools.subscription import (
    Subscription,
    Wanted,
    actions,
    differences,
    reformatted,
    selected,
    shown,
)

SQS = {"type": "SQS", "queueUrl": "https://sqs/1/ct", "region": "eu-west-1", "accessKey": "A"}


def wanted(**fields: Any) -> Wanted:
    return Wanted(key="fluent-connect", destination=SQS, **fields)


def test_kinds_become_message_types_and_changes_and_nothing_more() -> None:
    messages, changes, events = selected(
        [
            ("order", ["OrderCreated", "ResourceUpdated"]),
            ("order", ["OrderStateChanged"]),
            ("category", ["ResourceDeleted"]),
            ("import-api", ["ImportContainerCreated"]),
        ]
    )
    assert messages == {"order": {"OrderCreated", "OrderStateChanged"}}
    assert changes == {"order", "category"}
    assert events == {"import-api": {"ImportContainerCreated"}}


@pytest.mark.parametrize(
    ("type_id", "says"), [("standalone-price", True), ("tax-category", False), ("store", True)]
)
def test_no_kinds_are_all_there_are_of_the_resource(type_id: str, *, says: bool) -> None:
    messages, changes, events = selected([(type_id, [])])
    assert messages == ({type_id: frozenset()} if says else {})
    assert changes == {type_id}
    assert not events


def test_all_of_a_resource_stays_all_whatever_else_is_named() -> None:
    for entries in ([("order", []), ("order", ["OrderCreated"])],) * 2:
        messages, _, _ = selected(entries)
        assert messages == {"order": frozenset()}
        messages, _, _ = selected(list(reversed(entries)))
        assert messages == {"order": frozenset()}


def test_where_there_is_none_everything_is_missing() -> None:
    want = wanted(messages={"order": frozenset({"OrderCreated"})}, changes=frozenset({"category"}))
    told = [(each.sign, each.what, each.told) for each in differences(None, want)]
    assert told == [
        ("+", "subscription fluent-connect", "SQS https://sqs/1/ct eu-west-1"),
        ("+", "messages order", "OrderCreated"),
        ("+", "changes category", ""),
    ]


def test_what_differs_is_told_and_becomes_the_fewest_actions() -> None:
    found = Subscription(
        id="s",
        version=3,
        key="fluent-connect",
        destination={**SQS, "accessKey": "****", "queueUrl": "https://sqs/1/old"},
        messages=[
            {"resourceTypeId": "order", "types": ["OrderCreated", "OrderDeleted"]},
            {"resourceTypeId": "review", "types": []},
        ],
        changes=[{"resourceTypeId": "category"}],
    )
    want = wanted(
        messages={"order": frozenset({"OrderCreated", "OrderImported"})},
        changes=frozenset({"category"}),
    )
    told = [f"{each.sign} {each.what} {each.told}" for each in differences(found, want)]
    assert told == [
        "~ destination SQS https://sqs/1/old eu-west-1 -> SQS https://sqs/1/ct eu-west-1",
        "~ messages order +OrderImported -OrderDeleted",
        "- messages review all",
    ]
    assert [each["action"] for each in actions(found, want)] == ["setMessages", "changeDestination"]


def test_one_that_is_as_it_shall_be_needs_nothing_though_its_secrets_come_back_hidden() -> None:
    want = wanted(changes=frozenset({"category"}))
    found = Subscription(
        key="fluent-connect",
        destination={**SQS, "accessKey": "****"},
        changes=[{"resourceTypeId": "category"}],
    )
    assert differences(found, want) == []
    assert actions(found, want) == []
    rotated = actions(found, want, rotate=True)
    assert rotated == [{"action": "changeDestination", "destination": SQS}]


def test_a_format_cannot_be_changed_in_place() -> None:
    want = wanted(changes=frozenset({"category"}), format="CloudEvents")
    found = Subscription(key="fluent-connect", destination=SQS)
    assert reformatted(found, want)
    assert want.draft()["format"] == {"type": "CloudEvents", "cloudEventsVersion": "1.0"}
    assert [each.what for each in differences(found, want)] == ["format", "changes category"]


def test_one_that_was_left_beside_gets_the_key() -> None:
    want = wanted(changes=frozenset({"category"}))
    found = Subscription(
        key="fluent-connect-next", destination=SQS, changes=[{"resourceTypeId": "category"}]
    )
    assert [each.told for each in differences(found, want)] == [
        "fluent-connect-next -> fluent-connect"
    ]
    assert actions(found, want) == [{"action": "setKey", "key": "fluent-connect"}]


def test_a_destination_is_shown_without_its_secrets() -> None:
    told = shown({**SQS, "accessSecret": "s", "connectionString": "c", "apiKey": "k"})
    assert told == {
        "type": "SQS",
        "queueUrl": "https://sqs/1/ct",
        "region": "eu-west-1",
        **dict.fromkeys(("accessKey", "accessSecret", "connectionString", "apiKey"), "***"),
    }
