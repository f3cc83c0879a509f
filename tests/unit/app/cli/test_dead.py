"""`dead list | show | retry | drop`: counted first, and never by mistake."""

import asyncio

import pytest

from fluent_connect.journal.ledger import Ledger, ledger_statement
from unit.app.cli.shelf import NOW, ROUTE, Shell, open_at, unit

DEAD = [unit(6), f"{unit(3)}.0", f"{unit(2)}.0"]


def ledger(shell: Shell) -> Ledger:
    async def read() -> Ledger:
        store = await open_at(shell.data)
        found = Ledger.from_rows(await store.read(ledger_statement(NOW)))
        await store.close()
        return found

    return asyncio.run(read())


def test_dead_letters_are_listed(full: Shell) -> None:
    assert [row["id"] for row in full.there("dead", "list", "--json").rows] == DEAD
    table = full.there("dead", "list").out
    assert "no account mapping for store X" in table
    assert "ann@example.com" not in table


def test_dead_letters_are_grouped(full: Shell) -> None:
    rows = full.there("dead", "list", "--group", "--json").rows
    assert sorted(row["count"] for row in rows) == [1, 1, 1]
    assert f"{unit(3)}.0" in full.there("dead", "list", "--group").out


def test_a_dead_letter_is_shown_with_its_request_masked(full: Shell) -> None:
    ran = full.there("dead", "show", f"{unit(2)}.0")
    assert "C0140E bad" in ran.out
    assert '"typeId": "order"' in ran.out
    assert "ann@example.com" not in ran.out
    assert "ann@example.com" in full.there("dead", "show", f"{unit(2)}.0", "--unmasked").out
    assert full.there("dead", "show", f"{unit(2)}.0", "--json").rows[0]["route"] == ROUTE
    assert full.there("dead", "show", "nobody").code == 6


def test_ids_are_retried_without_a_question(full: Shell) -> None:
    ran = full.there("dead", "retry", f"{unit(2)}.0", f"{unit(3)}.0")
    assert (ran.code, ran.out) == (0, "retried 2 dead letters\n")
    assert (ledger(full).dead, ledger(full).waiting) == (1, 3)


def test_what_is_not_dead_is_left_alone(full: Shell) -> None:
    ran = full.there("dead", "retry", f"{unit(2)}.0", f"{unit(1)}.0", "--json")
    assert ran.code == 8
    assert ran.rows[0]["absent"] == [f"{unit(1)}.0"]
    assert ledger(full).unaccounted == 0
    assert full.there("dead", "retry", f"{unit(1)}.0").code == 6


def test_a_filter_is_asked_about_unless_yes(full: Shell) -> None:
    ran = full.there("dead", "retry", "--reason", "no account")
    assert ran.code == 2
    assert "CLI003  cannot ask without a terminal: retry 1 dead letter?" in ran.err
    assert ledger(full).dead == 3
    assert full.there("dead", "retry", "--reason", "no account", "--yes").code == 0
    assert ledger(full).dead == 2


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_a_dry_run_names_them_and_does_nothing(full: Shell, verb: str) -> None:
    ran = full.there("dead", verb, "--all", "--dry-run")
    assert ran.out.splitlines() == [f"would {verb} 3 dead letters", *(f"  {id_}" for id_ in DEAD)]
    assert ledger(full).dead == 3


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_nothing_chosen_is_refused_even_with_yes(full: Shell, verb: str) -> None:
    ran = full.there("dead", verb, "--yes")
    assert ran.code == 2
    assert "CLI005" in ran.err


def test_all_are_not_dropped_by_yes_alone(full: Shell) -> None:
    ran = full.there("dead", "drop", "--all", "--yes")
    assert ran.code == 2
    assert "CLI005" in ran.err
    assert ledger(full).dead == 3


def test_dropped_by_a_filter_they_end_skipped(full: Shell) -> None:
    ran = full.there("dead", "drop", "--route", ROUTE, "--yes", "--json")
    assert (ran.code, ran.rows[0]["done"]) == (0, 2)
    assert (ledger(full).dead, ledger(full).skipped) == (1, 3)
    assert ledger(full).closes


def test_ids_and_a_filter_together_are_refused(full: Shell) -> None:
    assert full.there("dead", "retry", "x", "--route", ROUTE).code == 2


class Terminal:
    """Somebody at the keyboard, who types one line."""

    def __init__(self, line: str) -> None:
        self._line = line

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self._line


@pytest.mark.parametrize(("typed", "code", "left"), [("3\n", 0, 0), ("2\n", 2, 3), ("", 2, 3)])
def test_the_number_is_typed_to_drop_all(
    full: Shell, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, left: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert full.there("dead", "drop", "--all").code == code
    assert ledger(full).dead == left


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, 0), ("\n", 2, 3)])
def test_a_question_is_answered_by_yes_alone(
    full: Shell, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, left: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert full.there("dead", "retry", "--all").code == code
    assert ledger(full).dead == left
