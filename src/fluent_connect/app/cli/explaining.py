"""What `explain` does: finds what is meant, reads its history and both sides, and judges."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from fluent_connect.app import logs
from fluent_connect.app.cli import store
from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import OK
from fluent_connect.app.cli.events import nothing
from fluent_connect.app.cli.explained import Explained, show, show_json
from fluent_connect.app.cli.mapping_trying import Place
from fluent_connect.app.cli.output import note
from fluent_connect.app.config.mistakes import ConfigMistakes
from fluent_connect.app.explain.history import History, history
from fluent_connect.app.explain.sides import Sides, read_both
from fluent_connect.app.explain.subjects import KINDS, is_id, meant
from fluent_connect.app.explain.verdict import Case, judge
from fluent_connect.app.shadow.editions import Edition, edition
from fluent_connect.app.shadow.recorded import Records
from fluent_connect.app.shadow.studio import Studio, studio
from fluent_connect.journal.messages import MessageFilter, messages_from_rows, messages_statement
from fluent_connect.journal.overview import Pause, pauses_from_rows, pauses_statement
from fluent_connect.journal.subjects import Subject, subjects_from_rows, subjects_statement
from fluent_connect.journal.timeline import (
    Step,
    resource_timeline_statement,
    timeline_from_rows,
    timeline_statement,
)
from fluent_connect.model.errors import ConfigError, ConnectError
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.queues.store import Store

_MANY = 200
"""Notifications of one resource that are read: the newest."""
_BY_UNIT = frozenset({"message", "notification"})
_TYPES = ("order", "customer", "product", "category", "sku")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One `explain`."""

    kind: str | None
    text: str
    offline: bool
    limit: int
    unmasked: bool
    json: bool
    place: Place

    def run(self) -> int:
        """Show the answer, and return the exit code."""
        logs.configure("error", "text")
        config, profiles, data = self.place
        return store.ask(store.place_of(data, config, profiles), self._answer)

    async def _answer(self, opened: Store) -> int:
        found = subjects_from_rows(await opened.read(subjects_statement(self.text)))
        subjects = meant(found, self.kind)
        running = self._edition()
        if self.unmasked:
            await store.write(opened, "explain --unmasked", self.text)
        explained = None
        if not subjects:
            explained = await self._of_unit(opened, running)
        if explained is None:
            subject = subjects[0] if subjects else await self._sought(running)
            explained = await self._of_subject(opened, running, subject)
        if self.json:
            show_json(explained, limit=self.limit, unmasked=self.unmasked)
        else:
            show(explained, limit=self.limit, unmasked=self.unmasked)
        self._tell_others(subjects[1:])
        return OK

    def _edition(self) -> Edition | None:
        """Return the running version; None (and a note) if the configuration cannot be run with."""
        try:
            return edition("the configuration", loaded(*self.place))
        except (ConfigMistakes, ConfigError) as error:
            if not self.offline:
                first = str(error).splitlines()[0].partition(":")[0]
                note(f"neither side is asked: {first} ... (fluent-connect check tells all)")
            return None

    async def _of_subject(
        self, opened: Store, running: Edition | None, subject: Subject
    ) -> Explained:
        now = time.time()
        statement = resource_timeline_statement(subject.type_id, subject.resource, now, limit=_MANY)
        steps = timeline_from_rows(await opened.read(statement))
        if subject.how in _BY_UNIT:
            steps = await self._narrowed(opened, steps, now)
        about = Reference(subject.type_id, subject.resource)
        sides = None
        if running is not None and not self.offline:
            known = await _newest(opened, running, about)
            async with studio(running.config) as reading:
                sides = await read_both(reading, running, about, known)
        key = subject.resource if subject.how in _BY_UNIT else self.text
        past = history(steps, subject.type_id, subject.resource)
        pauses = pauses_from_rows(await opened.read(pauses_statement()))
        case = self._case(about, key, past, sides=sides, pauses=pauses)
        return Explained(case=case, about=about, verdict=judge(case), edition=running)

    async def _narrowed(self, opened: Store, steps: Sequence[Step], now: float) -> Sequence[Step]:
        """Return the steps of the one unit that was asked about."""
        rows = await opened.read(timeline_statement(self.text, now, limit=1))
        units = {step.unit for step in timeline_from_rows(rows)}
        return [step for step in steps if step.unit in units] or steps

    async def _of_unit(self, opened: Store, running: Edition | None) -> Explained | None:
        """Return the story of what came in and is about nothing that could be read."""
        if self.kind is not None and KINDS[self.kind].types:
            return None
        rows = await opened.read(timeline_statement(self.text, time.time(), limit=self.limit))
        steps = timeline_from_rows(rows)
        if not steps:
            return None
        case = self._case(None, self.text, history(steps, "", ""))
        return Explained(case=case, about=None, verdict=judge(case), edition=running)

    async def _sought(self, running: Edition | None) -> Subject:
        """Return what commercetools calls so, which the journal does not. Raise if nothing is."""
        if running is None or self.offline:
            raise nothing(self.text)
        async with studio(running.config) as reading:
            for kind in [KINDS[self.kind]] if self.kind else map(KINDS.__getitem__, _TYPES):
                for type_id in kind.types:
                    try:
                        id_ = await _id_of(reading, running, type_id, kind.query, self.text)
                    except ConnectError as error:
                        note(f"commercetools could not be asked for a {type_id}: {error}")
                        continue
                    if id_ is not None:
                        return Subject(how="resource", type_id=type_id, resource=id_, at=0.0)
        raise nothing(self.text)

    def _case(
        self,
        about: Reference | None,
        key: str,
        past: History,
        *,
        sides: Sides | None = None,
        pauses: Sequence[Pause] = (),
    ) -> Case:
        return Case(
            label=f"{self.kind or (about.type_id if about else 'notification')} {self.text}",
            type_id=about.type_id if about else "",
            key=key,
            history=past,
            sides=sides,
            pauses=pauses,
            now=time.time(),
        )

    def _tell_others(self, others: Sequence[Subject]) -> None:
        if others:
            first = ", ".join(f"{each.type_id} {each.resource}" for each in others[:3])
            note(f"{len(others)} more are called so: {first}: name the kind, or the id")


async def _id_of(
    reading: Studio, running: Edition, type_id: str, where: str, text: str
) -> str | None:
    """Return the id of what commercetools knows by that name, or by that id."""
    account = running.config.accounts[0]
    found = await reading.sought(account, type_id, where, text)
    if not found and is_id(text):
        by_id = await reading.resource(account, Reference(type_id, text))
        found = [] if by_id is None else [by_id]
    return str(found[0]["id"]) if found else None


async def _newest(opened: Store, running: Edition, about: Reference) -> Sequence[Message]:
    """Return the newest message about a resource for each account, on the route that makes it."""
    which = MessageFilter(text=about.id, limit=_MANY)
    rows = messages_from_rows(await opened.read(messages_statement(which)))
    own = [row for row in rows if (row.type_id, row.resource) == (about.type_id, about.id)]
    route = running.routes.upserting(about.type_id)
    on_route = [row for row in own if route is not None and row.name == route.name]
    records = Records(opened, running.config, running.handlers)
    newest: dict[tuple[str, str, str], Any] = {}
    for row in on_route or own:
        newest.setdefault((row.name, row.account, row.retailer), row)
    return [(await records.message(row)).message for row in newest.values()]
