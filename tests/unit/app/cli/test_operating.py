"""Pauses, the ledger, erasure, backup and restore."""

import sqlite3
from pathlib import Path

import pytest

from unit.app.cli.shelf import CUSTOMER, ROUTE, Shell, fill, unit


def audit(shell: Shell) -> list[tuple[str, str]]:
    connection = sqlite3.connect(shell.data / "connect.db")
    rows = connection.execute("SELECT action, what FROM audit ORDER BY at").fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (("--all",), "*"),
        (("--account", "ACME"), "ACME/*"),
        (("--route", ROUTE), f"*/{ROUTE}"),
        (("--route", ROUTE, "--account", "ACME"), f"ACME/{ROUTE}"),
    ],
)
def test_a_pause_stands_until_it_is_ended(
    full: Shell, words: tuple[str, ...], pattern: str
) -> None:
    assert full.there("pause", *words).out == f"paused {pattern}\n"
    assert [row["pattern"] for row in full.there("pause", "--list", "--json").rows] == [pattern]
    assert full.there("resume", *words).out == f"resumed {pattern}\n"
    assert full.there("pause", "--list", "--json").rows == []
    assert audit(full) == [("pause", pattern), ("resume", pattern)]


def test_resume_all_ends_every_pause(full: Shell) -> None:
    full.there("pause", "--account", "ACME")
    full.there("pause", "--all")
    told = full.there("resume", "--all", "--json").rows[0]
    assert sorted(told["patterns"]) == ["*", "ACME/*"]
    assert told["paused"] == []


def test_a_pause_that_is_not_there_cannot_be_ended(full: Shell) -> None:
    full.there("pause", "--account", "ACME")
    ran = full.there("resume", "--account", "ACM")
    assert ran.code == 6
    assert "paused: ACME/*" in ran.err


def test_a_route_that_nobody_has_is_not_paused_by_mistake(full: Shell) -> None:
    ran = full.there("pause", "--route", ROUTE.removesuffix("e"))
    assert ran.code == 6
    assert f'did you mean "{ROUTE}"?' in ran.err
    assert full.there("pause", "--route", "mine", "--yes").code == 0


def test_a_pause_needs_to_be_told_of_what(full: Shell) -> None:
    assert full.there("pause").code == 2
    assert full.there("pause", "--all", "--account", "ACME").code == 2
    assert full.there("pause", "--all", "--dry-run").out == "would pause *\n"
    assert "nothing is paused" in full.there("pause", "--list").err


def test_the_ledger_closes(full: Shell) -> None:
    ran = full.there("ledger", "--json")
    told = ran.rows[0]
    assert ran.code == 0
    assert [told[name] for name in ("accepted", "done", "skipped", "dead", "waiting")] == [
        6,
        1,
        1,
        3,
        1,
    ]
    assert (told["closes"], told["by_state"]) == (True, {"retrying": 1})
    assert "the ledger closes" in full.there("ledger").out


def test_a_ledger_that_does_not_close_names_what_is_lost_and_exits_9(shell: Shell) -> None:
    fill(shell.data, lost=True)
    ran = shell.there("ledger", "--json")
    assert ran.code == 9
    assert ran.rows[0]["lost"] == [unit(7)]
    assert unit(7) in shell.there("ledger").out


def test_the_data_folder_is_found_without_a_flag(
    full: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert full("ledger").code == 6
    monkeypatch.setenv("FC_DATA", str(full.data))
    assert full("ledger").code == 0
    monkeypatch.delenv("FC_DATA")
    conf = tmp_path / "conf"
    conf.mkdir()
    text = f"fluent-connect:\n  data: {full.data}\n"
    (conf / "application-connector.yml").write_text(text)
    assert full("ledger", "--config", str(conf)).code == 0
    monkeypatch.setenv("FC_CONFIG", str(conf))
    assert full("ledger").code == 0


def test_a_store_that_is_no_file_is_told_apart(shell: Shell, tmp_path: Path) -> None:
    text = "fluent-connect:\n  message-listener-mode: memory\n  batch-listener-mode: memory\n"
    (tmp_path / "application-connector.yml").write_text(text)
    ran = shell("ledger", "--config", str(tmp_path))
    assert ran.code == 7
    assert "memory" in ran.err


def test_erasing_a_customer_clears_attempts_and_bodies(full: Shell) -> None:
    plan = full.there("erase", "customer", CUSTOMER, "--dry-run", "--json").rows[0]
    assert plan["ids"] == [unit(4)]
    assert "POST fluent createOrder" in full.there("events", "show", CUSTOMER).out
    assert full.there("erase", "customer", CUSTOMER).code == 2
    ran = full.there("erase", "customer", CUSTOMER, "--yes")
    assert ran.code == 0
    assert "1 events" in ran.out
    assert "dataErasure" in ran.err
    assert "POST fluent createOrder" not in full.there("events", "show", CUSTOMER).out
    assert full.there("ledger").code == 0
    assert audit(full) == [("erase customer", CUSTOMER)]


def test_nobody_is_erased_who_is_not_known(full: Shell) -> None:
    assert full.there("erase", "customer", "nobody", "--yes").code == 6


def test_a_backup_is_restored_into_an_empty_folder(full: Shell, tmp_path: Path) -> None:
    file = tmp_path / "copies" / "one.db"
    told = full.there("backup", str(file), "--json").rows[0]
    assert told["ledger"]["accepted"] == 6
    elsewhere = str(tmp_path / "elsewhere")
    assert full("restore", str(file), "--data", elsewhere, "--dry-run").code == 0
    assert full("ledger", "--data", elsewhere).code == 6
    ran = full("restore", str(file), "--data", elsewhere)
    assert ran.code == 0
    assert "6 accepted" in ran.out
    there = full("events", "list", "--json", "--data", elsewhere).rows
    assert there == full.there("events", "list", "--json").rows
    assert sorted(path.name for path in Path(elsewhere).iterdir()) == ["connect.db"]


def test_a_backup_overwrites_nothing(full: Shell, tmp_path: Path) -> None:
    file = tmp_path / "one.db"
    assert full.there("backup", str(file), "--dry-run").code == 0
    assert not file.exists()
    full.there("backup", str(file))
    assert full.there("backup", str(file)).code == 7
    ran = full.there("restore", str(file))
    assert ran.code == 7
    assert "CLI009" in ran.err


@pytest.mark.parametrize(
    ("head", "code"), [(b"something else entirely", 7), (b"SQLite format 3\x00" + b"x" * 4096, 7)]
)
def test_what_is_no_backup_is_not_restored(
    shell: Shell, tmp_path: Path, head: bytes, code: int
) -> None:
    file = tmp_path / "one.db"
    file.write_bytes(head)
    ran = shell.there("restore", str(file))
    assert ran.code == code
    assert "CLI013" in ran.err
    assert not shell.data.exists() or list(shell.data.iterdir()) == []


def test_a_backup_that_is_not_there_is_not_found(shell: Shell, tmp_path: Path) -> None:
    assert shell.there("restore", str(tmp_path / "none.db")).code == 6
