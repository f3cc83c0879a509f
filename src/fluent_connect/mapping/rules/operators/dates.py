"""The operator of dates: another format, another zone."""

import zoneinfo
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from fluent_connect.mapping.rules import options, shapes
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.paths import Scope
from fluent_connect.mapping.rules.rule import Frame, MistakenError, Rule
from fluent_connect.mapping.rules.shapes import TEXT
from fluent_connect.mapping.rules.values import as_text
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Table

_DAY = 10
_SAMPLE = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


def date_(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return a time in a format and zone; by default ISO 8601 in UTC, with milliseconds."""
    found = compiling.option(table, "date", frame)
    if not shapes.is_free(found.shape) and not shapes.is_single(found.shape):
        what = f"`date` takes a time, and this is {shapes.told(found.shape)}"
        raise MistakenError(table.entries["date"].place, what, "name a path to a time")
    pattern = options.text(table, "format")
    if pattern is not None and (not pattern or _SAMPLE.strftime(pattern) == pattern):
        what = f"the format {pattern!r} writes no part of a date"
        raise MistakenError(table.entries["format"].place, what, 'write "%Y-%m-%d"')
    zone = _zone(table)
    inner = found.run

    def run(scope: Scope) -> Any:
        value = inner(scope)
        return None if value is None or value == "" else _written(value, zone, pattern)

    return Rule(run, found.reads, TEXT)


def _zone(table: Table) -> tzinfo:
    name = options.text(table, "zone")
    if name is None:
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        what = f"no time zone is called {name!r}"
        raise MistakenError(table.entries["zone"].place, what, "write Europe/Berlin") from error


def _written(value: Any, zone: tzinfo, pattern: str | None) -> str:
    moment = value if isinstance(value, datetime | date) else _read(as_text(value) or "")
    if not isinstance(moment, datetime):
        return moment.strftime(pattern) if pattern else moment.isoformat()
    try:
        there = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
    except OverflowError as error:
        raise UnprocessableError("a time is beyond what a calendar holds") from error
    if pattern:
        return there.strftime(pattern)
    return there.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(text: str) -> datetime | date:
    """Return the time, or the day, that an ISO 8601 text tells."""
    try:
        if len(text) == _DAY:
            return date.fromisoformat(text)
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise UnprocessableError("a text is no date or time of ISO 8601") from error


MAKERS = {"date": date_}
