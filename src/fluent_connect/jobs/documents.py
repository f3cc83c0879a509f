"""The settings document of a job: from where it goes on, and how its last run went.

The vendor's shape (Fluent settings, `fc.connect.<connector-name>.batch.<job-name>`): times in UTC,
written without a zone or with `Z`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from fluent_connect.jobs.step import Step, at
from fluent_connect.model.errors import MalformedError, UnprocessableError

_FINER = re.compile(r"(\.\d{6})\d+")
_START, _END = ("start", "from"), ("end", "to")


class Document(msgspec.Struct, frozen=True):
    """A settings document as it stands; what is in it beside what we know is kept."""

    fields: Mapping[str, Any] = {}

    @property
    def props(self) -> Mapping[str, str]:
        """Return the props of the job, as texts."""
        found = self.fields.get("props") or {}
        return {str(name): str(value) for name, value in found.items()}

    @property
    def previous_end(self) -> datetime | None:
        """Return where the next window begins; None: it never ran."""
        text = self.fields.get("previousEndDate")
        return None if text in {None, ""} else moment(text)

    @property
    def custom_range(self) -> tuple[datetime | None, datetime] | None:
        """Return the window that is to be swept once, if one stands here."""
        found = self.fields.get("customDateRange")
        if not found:
            return None
        if not isinstance(found, Mapping):
            raise UnprocessableError(f"customDateRange is no object: {found!r:.100}")
        start, end = (_one_of(found, names) for names in (_START, _END))
        if end is None:
            raise UnprocessableError('customDateRange needs "start" and "end"')
        return (None if start is None else moment(start)), moment(end)

    def after(self, step: Step, status: str, now: float) -> "Document":
        """Return what stands here once the run has ended so."""
        fields = dict(self.fields)
        if status == "SUCCESSFUL":
            if not (step.given or step.custom) and step.until is not None:
                known = self.previous_end
                fields["previousEndDate"] = written(max(known or step.until, step.until))
            if step.custom:
                fields.pop("customDateRange", None)
        param = {"start": _or_none(step.since), "end": _or_none(step.until), "props": step.props}
        fields["lastRun"] = {
            "param": {name: value for name, value in param.items() if value is not None},
            "jobStart": _or_none(step.begun),
            "jobEnd": written(at(now)),
            "status": status,
        }
        return Document(fields)


def moment(text: Any) -> datetime:
    """Return a time of a document: in UTC where it names no zone; finer than we can is cut."""
    try:
        found = datetime.fromisoformat(_FINER.sub(r"\1", str(text)))
    except ValueError as error:
        raise UnprocessableError(f"no time: {text!r:.60} (write 2026-01-31T12:00:00Z)") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def written(moment: datetime) -> str:
    """Return a time as the vendor writes it: UTC, no zone."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def parsed(text: str | bytes) -> Document:
    """Return the document in a JSON text. Raise MalformedError if it is no object."""
    try:
        return Document(msgspec.json.decode(text, type=dict[str, Any]))
    except msgspec.DecodeError as error:
        raise MalformedError(f"the settings of the job are no JSON object: {error}") from error


def _one_of(found: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((found[name] for name in names if found.get(name)), None)


def _or_none(moment: datetime | None) -> str | None:
    return None if moment is None else written(moment)
