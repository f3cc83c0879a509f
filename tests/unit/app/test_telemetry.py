import pytest
from structlog.testing import capture_logs

from contracts.scene import Clock
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.model.fact import Attempted
from fluent_connect.model.outcome import (
    Dead,
    Done,
    Fate,
    Later,
    Outcome,
    Parked,
    Skipped,
    Superseded,
)
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel
from fluent_connect.queues.store import Delivery, Verdict, Write

ATTEMPT = Attempted("p", 1, 0.0, 0.02, "OrderCreateHandler", "r", "done", "", b"[]")


def write(fate: Fate | None, queue: str = EVENT_QUEUE, *facts: Attempted) -> Write:
    parcel = Parcel("p", "lane", b"", group="acme/orders.create")
    delivery = Delivery(queue, parcel, 1, None, "lease", 0.0)
    return Write(Outcome(fate=fate, facts=facts), delivery)


@pytest.mark.parametrize(
    ("fate", "verdict", "state", "reason"),
    [
        (Done("created"), Verdict.APPLIED, "done", "created"),
        (Skipped("filtered"), Verdict.APPLIED, "skipped", "filtered"),
        (Superseded("version 3"), Verdict.APPLIED, "superseded", "version 3"),
        (Later(1.0, "busy"), Verdict.APPLIED, "retrying", "busy"),
        (Parked("no parent", None), Verdict.APPLIED, "parked", "no parent"),
        (Dead("refused"), Verdict.APPLIED, "dead", "refused"),
        (Done("created"), Verdict.DUPLICATE, "superseded", "duplicate"),
        (Done("created"), Verdict.SUPERSEDED, "superseded", "superseded"),
        (Done("created"), Verdict.LEASE_LOST, "lease-lost", "another worker has it"),
        (None, Verdict.REFUSED, "refused", ""),
    ],
)
def test_each_committed_delivery_is_one_line_and_one_count(
    fate: Fate | None, verdict: Verdict, state: str, reason: str
) -> None:
    with capture_logs() as lines:
        telemetry = Telemetry(Clock())
        telemetry.committed(write(fate), verdict)
        telemetry.committed(write(fate), verdict)
    assert len(lines) == 2
    line = lines[0]
    assert (line["state"], line["reason"], line["account"]) == (state, reason, "acme")
    assert line["log_level"] == ("warning" if state in {"dead", "retrying"} else "info")
    labels = {"queue": EVENT_QUEUE, "name": "orders.create", "state": state}
    name = "fluent_connect_messages_processed_total"
    assert telemetry.registry.get_sample_value(name, labels) == 2


def test_a_write_without_a_delivery_is_no_progress() -> None:
    telemetry = Telemetry(Clock())
    telemetry.committed(Write(Outcome()), Verdict.APPLIED)
    assert telemetry.last_commit == 0.0


def test_how_long_a_handler_took_is_measured() -> None:
    with capture_logs() as lines:
        telemetry = Telemetry(Clock())
        telemetry.committed(write(Done(), EVENT_QUEUE, ATTEMPT), Verdict.APPLIED)
    assert [line["ms"] for line in lines] == [20.0]
    sample = telemetry.registry.get_sample_value
    labels = {"handler": "OrderCreateHandler"}
    assert sample("fluent_connect_handler_duration_seconds_count", labels) == 1


@pytest.mark.parametrize(
    ("verbose", "fate", "told"),
    [(True, Done(), 1), (False, Done(), 0), (False, Dead("malformed"), 1)],
)
def test_what_was_only_read_and_passed_on_is_told_to_those_who_ask(
    *, verbose: bool, fate: Fate, told: int
) -> None:
    with capture_logs() as lines:
        Telemetry(Clock(), verbose=verbose).committed(write(fate, CT_QUEUE), Verdict.APPLIED)
    assert len(lines) == told


def test_requests_are_counted_by_door_and_status() -> None:
    telemetry = Telemetry(Clock())
    for status in (202, 202, 503):
        telemetry.requested("default", status, 0.001)
    sample = telemetry.registry.get_sample_value
    name = "fluent_connect_ingest_requests_total"
    assert sample(name, {"door": "default", "status": "202"}) == 2
    assert sample(name, {"door": "default", "status": "503"}) == 1
