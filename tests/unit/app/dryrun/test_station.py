"""What messages end as in a dry run, and how it is told."""

from typing import Any

import msgspec
import pytest

from fluent_connect.app.dryrun.folder import ServiceFolderError, claim, refuse
from fluent_connect.app.dryrun.shown import Teller
from fluent_connect.app.dryrun.station import Ended, Rehearsed
from fluent_connect.app.dryrun.values import Against, Written
from fluent_connect.clients.trace import Call
from fluent_connect.model.codec import encode
from fluent_connect.model.errors import (
    ConfigError,
    MissingParentError,
    RefusedError,
    RetryableError,
)
from fluent_connect.model.fact import Attempted
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Done, Fence, Newer, Outcome, Skipped, Superseded
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel
from fluent_connect.queues.store import Delivery

MESSAGE = Message(
    id="m.0", name="r", key="k", account="ACME", retailer="1", resource=Reference("order", "o-1")
)
DELIVERY = Delivery(EVENT_QUEUE, Parcel("m.0", "k", encode(MESSAGE)), 1, None, "", 0.0)
LOOKED_UP = Call("fluent", "POST", "/graphql findOrder", 200, 0.1)
CREATED = Call("fluent", "POST", "/graphql createOrder", 200, 0.1)
SENT = Call("fluent", "POST", "/api/v4.1/event/async Paid", 200, 0.1)
CHANGED = Call("commercetools", "POST", "/shop/orders/o-1", 200, 0.1)
READ = Call("commercetools", "GET", "/shop/orders/o-1", 200, 0.1)
FAILED = Call("fluent", "POST", "/graphql createOrder", 401, 0.1)
GUARD = Newer("k", Fence(1))


def attempted(*calls: Call) -> Attempted:
    return Attempted("m.0", 1, 0.0, 0.1, "H", "r", "done", "", encode(calls))


async def ended(outcome: Outcome) -> tuple[Outcome, Ended]:
    told: list[Ended] = []

    async def router(_: Delivery) -> Outcome:
        return outcome

    return await Rehearsed(router, told.append)(DELIVERY), told[0]


async def test_what_would_have_been_written_ends_skipped_and_is_fenced() -> None:
    facts = (attempted(LOOKED_UP, CREATED, SENT, READ, CHANGED),)
    outcome, told = await ended(Outcome(Done("created"), (GUARD,), facts=facts))
    reason = "1 createOrder, 1 event Paid, 1 POST /shop/orders/o-1"
    assert outcome.fate == Skipped(f"dry run: {reason}")
    assert outcome.guards == (GUARD,)
    assert (told.outcome, told.resource, told.retailer) == ("written", "order/o-1", "1")


@pytest.mark.parametrize(
    ("outcome", "came", "reason"),
    [
        (Outcome(Done("unchanged"), facts=(attempted(LOOKED_UP),)), "done", "unchanged"),
        (Outcome(Done("unchanged"), facts=(attempted(FAILED),)), "done", "unchanged"),
        (Outcome(Skipped("gone")), "skipped", "gone"),
        (Outcome(Superseded("version 7")), "superseded", "version 7"),
        (Outcome(error=RefusedError("C0140E")), "dead", "C0140E"),
        (Outcome(error=KeyError("x")), "dead", "KeyError: 'x'"),
        (Outcome(error=RetryableError("HTTP 503")), "waits", "HTTP 503"),
        (
            Outcome(error=MissingParentError("category", "c")),
            "waits",
            "Fluent has no category c yet",
        ),
    ],
)
async def test_all_else_ends_as_it_would(outcome: Outcome, came: str, reason: str) -> None:
    after, told = await ended(outcome)
    assert after is outcome
    assert (told.outcome, told.reason) == (came, reason)


async def test_what_cannot_go_on_because_nothing_was_written_ends_too() -> None:
    error = RetryableError("not there yet")
    outcome, _ = await ended(Outcome(error=error, facts=(attempted(CREATED),)))
    assert outcome.fate == Skipped("dry run: 1 createOrder; then not there yet")
    assert outcome.error is None


def written(**more: Any) -> Written:
    plain: dict[str, Any] = {
        "at": 0.0,
        "message": "m.0",
        "system": "fluent",
        "account": "ACME",
        "operation": "updateCategory",
        "about": "c-1",
        "input": {},
        "held": True,
        "changes": [Against("name", "Old", "New"), Against("summary", None, "x" * 60)],
    }
    return Written(**{**plain, **more})


def lines(*writes: Written, **options: Any) -> list[str]:
    said: list[str] = []
    teller = Teller(said.append, **options)
    for write in writes:
        teller.written(write)
    return said


def test_a_line_says_whose_what_and_what_would_change() -> None:
    assert lines(written()) == [
        f'ACME  updateCategory c-1  name: "Old" -> "New"; summary: nothing -> "{"x" * 38}…'
    ]
    assert lines(written(operation="createCategory", held=False)) == [
        "ACME  createCategory c-1  new: 2 fields"
    ]
    assert "INVALID name: too long" in lines(written(violations=["name: too long"]))[0]
    many = [Against(str(number), 0, 1) for number in range(6)]
    assert lines(written(changes=many))[0].endswith("; 3: 0 -> 1; 2 more")


def test_a_line_fits_the_terminal() -> None:
    assert [len(line) for line in lines(written(), width=40)] == [40]


def test_a_repeat_is_told_only_as_json() -> None:
    assert lines(written(again=True)) == []
    told = msgspec.json.decode(lines(written(again=True), json=True)[0])
    assert (told["what"], told["again"], told["changes"][0]["field"]) == ("write", True, "name")


def test_what_fails_is_told_without_personal_data_and_the_rest_is_counted() -> None:
    said: list[str] = []
    teller = Teller(said.append)
    plain: dict[str, Any] = {"message": "m.0", "route": "r", "account": "ACME", "retailer": "1"}
    ended_ = Ended(**plain, resource="order/o-1", outcome="dead", reason="no such ann@example.com")
    teller.ended(ended_)
    teller.ended(msgspec.structs.replace(ended_, outcome="done"))
    teller.summary({"dead": 1, "done": 1}, {})
    assert said == [
        "ACME/1  would die  order/o-1: no such …@…",
        "dry run: 2 messages: 1 dead, 1 done",
        "not sent: nothing",
    ]


def test_a_folder_is_a_dry_runs_or_a_services(tmp_path: Any) -> None:
    claim(tmp_path / "own")
    (tmp_path / "own" / "connect.db").touch()
    claim(tmp_path / "own")
    with pytest.raises(ConfigError, match="data folder of a dry run"):
        refuse(tmp_path / "own" / "connect.db")
    (tmp_path / "connect.db").touch()
    refuse(tmp_path / "connect.db")
    with pytest.raises(ServiceFolderError):
        claim(tmp_path)
    assert not (tmp_path / "dry-run").exists()
