"""`events list` and `events show`, and what of people is shown there."""

import json
import sqlite3

import msgspec
import pytest

from fluent_connect.app.cli.story import _calls_of
from fluent_connect.clients.trace import Call
from unit.app.cli.shelf import ROUTE, Shell, unit


def test_events_are_listed_newest_first_as_json_lines(full: Shell) -> None:
    rows = full.there("events", "list", "--json").rows
    assert [row["id"] for row in rows] == [unit(n) for n in (6, 5, 4, 3, 2, 1)]
    last = rows[-1]
    told = {name: last[name] for name in ("notification_id", "resource", "version", "state")}
    assert told == {"notification_id": "n-1", "resource": "o-1", "version": 7, "state": "done"}
    assert (last["reason"], last["route"]) == ("created", ROUTE)
    assert last["received_at"] == "2027-01-15T08:00:01.000Z"


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("--state", "dead"), (6, 3, 2)),
        (("--state", "waiting"), (5,)),
        (("--state", "done,skipped"), (4, 1)),
        (("--type", "customer"), (4,)),
        (("--reason", "no account"), (3,)),
        (("--limit", "2"), (6, 5)),
        (("--after", unit(3)), (2, 1)),
        (("--since", "2027-01-15T08:00:05Z"), (6, 5)),
        (("--until", "2027-01-15T08:00:02"), (1,)),
        (("--route", "other"), ()),
        (("--account", "ACME", "--limit", "1"), (5,)),
        (("1002",), (2,)),
    ],
)
def test_events_are_found_by(full: Shell, words: tuple[str, ...], numbers: tuple[int, ...]) -> None:
    rows = full.there("events", "list", *words, "--json").rows
    assert [row["id"] for row in rows] == [unit(n) for n in numbers]


def test_a_table_fits_80_columns_and_cuts_no_id(
    full: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = full.there("events", "list").out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert all(
        line.startswith(unit(n)) for line, n in zip(lines[1:], (6, 5, 4, 3, 2), strict=False)
    )
    wide = full.there("events", "list", "--wide").out
    assert "no account mapping for store X" in wide
    assert ROUTE in wide


def test_a_page_that_is_full_tells_how_to_go_on(full: Shell) -> None:
    assert f"--after {unit(5)}" in full.there("events", "list", "--limit", "2").err


def test_an_unknown_state_is_understood(full: Shell) -> None:
    ran = full.there("events", "list", "--state", "daed")
    assert ran.code == 2
    assert "CLI004" in ran.err
    assert 'did you mean "dead"?' in ran.err


def test_a_time_that_is_none_is_refused(full: Shell) -> None:
    ran = full.there("events", "list", "--since", "yesterday")
    assert ran.code == 2
    assert "`2h ago`" in ran.err


def test_the_story_goes_from_the_door_to_the_calls(full: Shell) -> None:
    out = full.there("events", "show", "1002").out
    assert "OrderCreated of order o-2 v7" in out
    places = [out.index(word) for word in ("received ", "read ", "queued ", "attempt 1", "now")]
    assert places == sorted(places)
    assert "GET  commercetools /shop/orders/o-1  200  40 ms" in out
    assert f"fluent-connect dead retry {unit(2)}.0" in out


def test_a_shared_call_says_how_many_shared_it() -> None:
    call = Call("fluent", "POST", "/graphql findCategory", 200, 0.04, shared=12)
    alone = Call("fluent", "POST", "/graphql findCategory", 200, 0.04)
    told = list(_calls_of(msgspec.json.encode([call, alone]).decode(), unmasked=False))
    assert "findCategory (shared by 12)  200" in told[0]
    assert "findCategory  200" in told[1]


def test_what_waits_tells_for_what_and_until_when(full: Shell) -> None:
    out = full.there("events", "show", "1005").out
    assert "HTTP 503; on the event-queue, due 2027-01-15T08:01:00.000Z" in out


def test_people_are_masked_unless_asked_for_and_then_it_is_audited(full: Shell) -> None:
    for words in (("events", "show", "1002"), ("events", "show", "1002", "--json")):
        assert "ann@example.com" not in full.there(*words).out
        assert "ann@example.com" not in full.there(*words, "--body").out
        assert "ann@example.com" in full.there(*words, "--unmasked").out
    assert "ann@example.com" not in full.there("events", "list", "--json").out
    assert "ann@example.com" not in full.there("events", "show", unit(6), "--body").out
    with sqlite3.connect(full.data / "connect.db") as connection:
        rows = connection.execute("SELECT action, what FROM audit").fetchall()
    connection.close()
    assert rows == [("events show --unmasked", "1002")] * 2


def test_the_body_is_shown_while_it_is_kept(full: Shell) -> None:
    shown = full.there("events", "show", "1002", "--body", "--json").rows[-1]
    assert json.loads(shown["body"])["resource"] == {"typeId": "order", "id": "o-2"}
    assert "(not kept)" in full.there("events", "show", "1001", "--body").out


def test_an_id_that_leads_nowhere_is_not_found(full: Shell) -> None:
    ran = full.there("events", "show", "nobody")
    assert (ran.code, ran.out) == (6, "")
    assert "CLI007" in ran.err


def test_no_store_is_not_found_and_says_what_to_do(shell: Shell) -> None:
    ran = shell.there("events", "list")
    assert ran.code == 6
    assert "CLI006" in ran.err
    assert str(shell.data / "connect.db") in ran.err
    assert "--data" in ran.err
    assert not shell.data.exists()


def test_a_file_that_is_no_store_cannot_be_opened(shell: Shell) -> None:
    shell.data.mkdir()
    (shell.data / "connect.db").write_text("this is no database, and long enough to be read as one")
    ran = shell.there("ledger")
    assert ran.code == 5
    assert "CLI010" in ran.err


def test_a_store_of_a_newer_version_is_refused(full: Shell) -> None:
    with sqlite3.connect(full.data / "connect.db") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    ran = full.there("ledger")
    assert ran.code == 7
    assert "CLI008" in ran.err
