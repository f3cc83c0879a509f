"""Runs of jobs, their settings documents and schedules: how they are kept, and found again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.model.fact import (
    JobDue,
    JobSet,
    RunAdded,
    RunAdvanced,
    RunEnded,
    RunsExpired,
    RunStopped,
    Statement,
)

SUCCESSFUL, FAILED, STOPPED = "SUCCESSFUL", "FAILED", "STOPPED"
"""The ways in which a run ends; the first is the vendor's word."""

_ADD = """INSERT INTO job_run
    (id, job, account, retailer, number, cause, at, step, messages, status, reason, stop) VALUES"""
_ADVANCE = """UPDATE job_run SET step = ?, begun = ?, since = ?, until = ?, messages = ?,
    expected = ?, advanced = ?, ended = NULL, status = '', reason = '' WHERE id = ?"""
_END = "UPDATE job_run SET status = ?, reason = ?, ended = ? WHERE id = ?"
_STOP = "UPDATE job_run SET stop = ? WHERE id = ? AND ended IS NULL"
_SET = "INSERT INTO job_setting (name, document, at) VALUES"
_SET_AGAIN = "ON CONFLICT (name) DO UPDATE SET document = excluded.document, at = excluded.at"
_DUE = "INSERT INTO job_due (name, at) VALUES"
_DUE_AGAIN = "ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE job_due.at < excluded.at"

_COLUMNS = """r.id, r.job, r.account, r.retailer, r.number, r.cause, r.at, r.step, r.begun, r.since,
    r.until, r.messages, r.expected, r.advanced, r.ended, r.status, r.reason, r.stop,
    coalesce(f.state, '') AS fate, coalesce(f.reason, '') AS fate_reason, f.at AS fate_at"""
_TABLES = """job_run r LEFT JOIN fate f ON f.id = r.id || '.' || CAST(r.step AS TEXT)"""
_OF = "r.job = ? AND r.account = ? AND r.retailer = ?"
_PROGRESS = """SELECT coalesce(f.state, 'waiting') AS state, count(*) AS n FROM message m
    LEFT JOIN fate f ON f.id = m.id
    WHERE m.id > ? AND m.id < ? AND instr(m.id, '.') = 0 GROUP BY 1"""
_OLD = """DELETE FROM job_run WHERE ended < ? AND number < (SELECT max(n.number) FROM job_run n
    WHERE n.job = job_run.job AND n.account = job_run.account
      AND n.retailer = job_run.retailer)"""


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run; `fate` is what became of its last step: "" while it waits or runs."""

    id: str
    job: str
    account: str
    retailer: str
    number: int
    cause: str
    at: float
    step: int
    begun: float | None
    since: float | None
    until: float | None
    messages: int
    expected: int | None
    advanced: float | None
    ended: float | None
    status: str
    reason: str
    stop: str
    fate: str
    fate_reason: str
    fate_at: float | None

    @property
    def open(self) -> bool:
        """Say whether the run has not come to its end: another one of the job must wait."""
        return self.ended is None and not self.fate

    @property
    def why(self) -> str:
        """Return the reason that it gave; of one that did not end well, else that of its fate."""
        return self.reason or (self.fate_reason if self.state in {FAILED, STOPPED} else "")

    @property
    def state(self) -> str:
        """Return its status; of one that ended without a word of its own, what became of it."""
        if self.status:
            return self.status
        if self.fate:
            return FAILED if self.fate == "dead" else STOPPED
        return "RUNNING" if self.begun is not None else "QUEUED"


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs, the newest first; what is not set does not matter."""

    id: str | None = None
    job: str | None = None
    account: str | None = None
    retailer: str | None = None
    open: bool = False
    limit: int = 50


def runs_statement(which: RunFilter) -> Statement:
    """Return the search for runs."""
    choices = (
        ("r.id = ?", which.id),
        ("r.job = ?", which.job),
        ("r.account = ?", which.account),
        ("r.retailer = ?", which.retailer),
    )
    chosen = [(text, value) for text, value in choices if value is not None]
    conditions = [text for text, _ in chosen]
    if which.open:
        conditions.append("r.ended IS NULL AND f.id IS NULL")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return Statement(
        f"SELECT {_COLUMNS} FROM {_TABLES}{where} ORDER BY r.at DESC, r.id DESC LIMIT ?",
        values=(*(value for _, value in chosen), which.limit),
    )


def last_run_statement(job: str, account: str, retailer: str) -> Statement:
    """Return the search for the newest run of a job for an account and retailer."""
    text = f"SELECT {_COLUMNS} FROM {_TABLES} WHERE {_OF} ORDER BY r.number DESC LIMIT 1"
    return Statement(text, values=(job, account, retailer))


def last_runs_statement() -> Statement:
    """Return the search for the newest run of each job, account and retailer."""
    newest = """NOT EXISTS (SELECT 1 FROM job_run n WHERE n.job = r.job AND n.account = r.account
        AND n.retailer = r.retailer AND n.number > r.number)"""
    return Statement(f"SELECT {_COLUMNS} FROM {_TABLES} WHERE {newest} ORDER BY r.job, r.account")


def runs_from_rows(rows: Iterable[Mapping[str, object]]) -> Sequence[RunRow]:
    """Return the runs in the rows of either search."""
    return [msgspec.convert(row, RunRow) for row in rows]


def setting_statement(name: str) -> Statement:
    """Return the search for the `document` of this name."""
    return Statement("SELECT document FROM job_setting WHERE name = ?", values=(name,))


def dues_statement() -> Statement:
    """Return the search for the time (`at`) that each schedule (`name`) has been seen to."""
    return Statement("SELECT name, at FROM job_due")


def progress_statement(run: str) -> Statement:
    """Return the search for how many (`n`) of a run's messages are in which `state`."""
    return Statement(_PROGRESS, values=(f"{run}-", f"{run}."))


def _added(fact: RunAdded) -> Sequence[Statement]:
    values = (
        *(fact.id, fact.job, fact.account, fact.retailer, fact.number, fact.cause, fact.at),
        *(0, 0, "", "", ""),
    )
    row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    return (Statement(_ADD, row, "ON CONFLICT (id) DO NOTHING", values),)


def _advanced(fact: RunAdvanced) -> Sequence[Statement]:
    values = (
        *(fact.step, fact.begun, fact.since, fact.until, fact.messages, fact.expected),
        *(fact.at, fact.id),
    )
    return (Statement(_ADVANCE, values=values),)


def _ended(fact: RunEnded) -> Sequence[Statement]:
    return (Statement(_END, values=(fact.status, fact.reason, fact.at, fact.id)),)


def _stopped(fact: RunStopped) -> Sequence[Statement]:
    return (Statement(_STOP, values=(fact.by, fact.id)),)


def _expired(fact: RunsExpired) -> Sequence[Statement]:
    return (Statement(_OLD, values=(fact.before,)),)


def _set(fact: JobSet) -> Sequence[Statement]:
    return (Statement(_SET, "(?, ?, ?)", _SET_AGAIN, (fact.name, fact.document, fact.at)),)


def _due(fact: JobDue) -> Sequence[Statement]:
    return (Statement(_DUE, "(?, ?)", _DUE_AGAIN, (fact.name, fact.at)),)


RUN_WRITERS: Mapping[type, Callable[[Any], Sequence[Statement]]] = {
    RunAdded: _added,
    RunAdvanced: _advanced,
    RunEnded: _ended,
    RunStopped: _stopped,
    RunsExpired: _expired,
    JobSet: _set,
    JobDue: _due,
}
"""How each fact about jobs becomes SQL."""
