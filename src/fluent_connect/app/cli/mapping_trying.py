"""`map try`: finds what is meant, has it drawn, and shows it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from fluent_connect.app import logs
from fluent_connect.app.cli import masking, store
from fluent_connect.app.cli.configuration import flags, folder, loaded
from fluent_connect.app.cli.errors import OK, PROBLEMS, CliError
from fluent_connect.app.cli.mapping_shown import (
    Screen,
    as_json,
    difference_as_json,
    head,
    show,
    show_differences,
    tell,
)
from fluent_connect.app.cli.mapping_sources import (
    Subject,
    Wanted,
    file_of,
    of_journal,
    of_notifications,
    of_resource,
    read,
    resources,
    version_of,
)
from fluent_connect.app.cli.output import line, note
from fluent_connect.app.config.result import Config
from fluent_connect.app.shadow.differences import Difference, differences
from fluent_connect.app.shadow.draw import Drawn
from fluent_connect.app.shadow.editions import Edition, edition
from fluent_connect.app.shadow.given import Given
from fluent_connect.app.shadow.studio import Studio, from_file, offline, queried, shelf, studio
from fluent_connect.app.shadow.unset import mapped_by
from fluent_connect.queues.store import Store

Place = tuple[Path | None, Sequence[str], Path | None]
"""The folder of the configuration, its profiles, the data folder."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One `map try`."""

    what: str
    wanted: Wanted
    screen: Screen
    offline: bool
    diff: str | None
    json: bool
    place: Place
    beside: Sequence[Path] = ()

    def run(self) -> int:
        """Show what is meant, and return the exit code."""
        logs.configure("error", "text")
        body = file_of(self.what)
        if body is None:
            path = store.place_of(self.place[2], *self.place[:2])
            return store.ask(path, self._of_journal)
        return asyncio.run(self._of_file(read(body, self.wanted)))

    async def _of_file(self, found: Given) -> int:
        if found.resource is None:
            config = self._config()
            running, editions = self._editions(config)
            subjects = await of_notifications(found, running, self.wanted)
            return await self._drawn(config, subjects, editions)
        config = self._without_account()
        running, editions = self._editions(config)
        subjects = of_resource(found, running, self.wanted)
        return await self._drawn(config, subjects, editions, found)

    async def _of_journal(self, opened: Store) -> int:
        config = self._config()
        running, editions = self._editions(config)
        subjects = await of_journal(opened, self.what, running, self.wanted)
        if self.screen.unmasked:
            await store.write(opened, "map try --unmasked", self.what)
        return await self._drawn(config, subjects, editions)

    def _config(self) -> Config:
        found = loaded(*self.place)
        return offline(found) if self.offline else found

    def _without_account(self) -> Config:
        """Return the configuration with files for commercetools; no secret need be set."""
        config, profiles, data = self.place
        found, unset = mapped_by(folder(config), profiles, flags(data))
        if unset and not self.offline:
            note("no account is configured here: Fluent is not asked, as with --offline")
        return from_file(offline(found) if unset or self.offline else found)

    def _editions(self, config: Config) -> tuple[Edition, list[Edition]]:
        """Return the version that runs, and those to draw by: the old one first, if asked for."""
        running = edition("the configuration", config)
        if self.diff is None:
            return running, [running]
        return running, [version_of(self.diff, running, self.place[1]), running]

    async def _drawn(
        self,
        config: Config,
        subjects: Sequence[Subject],
        editions: Sequence[Edition],
        found: Given | None = None,
    ) -> int:
        # Whoever holds the file holds what is in it: nothing of it is masked.
        unmasked = self.screen.unmasked or found is not None
        screen = msgspec.structs.replace(self.screen, unmasked=unmasked)
        codes = [OK]
        beside = [each for path in self.beside for each in resources(path)]
        held = shelf(found, beside) if found else None
        async with studio(config, held, queried(beside)) as opened:
            for number, subject in enumerate(subjects):
                if number and not self.json:
                    line()
                codes.append(await self._one(opened, subject, editions, screen))
            for each in opened.absent:
                note(f"not in the file, so taken as not there: {each}")
        return max(codes)

    async def _one(
        self, opened: Studio, subject: Subject, editions: Sequence[Edition], screen: Screen
    ) -> int:
        message = subject.message
        if message is None:
            if self.json:
                tell({"outcome": "skipped", "reason": masking.text(subject.skipped)})
            else:
                line(f"no message comes of it: {masking.text(subject.skipped)}")
            return OK
        drawn = await opened.drawn(message, subject.payload, *editions)
        new = drawn[-1]
        if new.outcome == "unread" or _lacks(new, opened.absent):
            raise unread(new, opened.absent)
        compared = _compared(drawn, screen) if self.diff is not None else None
        if self.json:
            told = {**head(message), **as_json(new, screen)}
            if compared is not None:
                told["old"] = {"outcome": drawn[0].outcome, "reason": drawn[0].reason}
                told["differences"] = [difference_as_json(each, *drawn) for each in compared]
            tell(told)
        else:
            show(message, new, screen)
            if compared is not None:
                line(f"\n{editions[0].name} -> {editions[-1].name}")
                show_differences(compared, drawn[0], new, wide=screen.wide)
                if not differ(drawn, compared):
                    line("  no difference")
        wrong = bool(new.problems) or new.outcome == "dead"
        wrong = wrong or (compared is not None and differ(drawn, compared))
        return PROBLEMS if wrong else OK


def differ(drawn: Sequence[Drawn], found: Sequence[Difference]) -> bool:
    """Say whether two versions make something else of a message."""
    old, new = drawn[0], drawn[-1]
    return bool(found) or (old.outcome, old.reason) != (new.outcome, new.reason)


def _lacks(drawn: Drawn, absent: Sequence[str]) -> bool:
    """Say whether a message waits for what the file does not hold."""
    return drawn.outcome == "waits" and any(
        each.rpartition("/")[2] in drawn.reason for each in absent
    )


def unread(drawn: Drawn, absent: Sequence[str] = ()) -> CliError:
    """Return the error for a message whose resource, or what belongs to it, could not be read."""
    what = masking.text(drawn.reason)
    if not absent:
        do = "look with `fluent-connect doctor`; without Fluent: --offline"
        return CliError("CLI020", what, do=do)
    why = f"it is not in the file: {', '.join(absent)}"
    do = "read the resource with that expanded, or give it beside the file: --with FILE"
    return CliError("CLI020", what, why=why, do=do)


def _compared(drawn: Sequence[Drawn], screen: Screen) -> list[Difference]:
    return differences(drawn[0].outputs, drawn[-1].outputs, unmasked=screen.unmasked)
