"""`doctor`: looks at everything that the connector needs, changes nothing."""

import asyncio
from collections.abc import Awaitable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fluent_connect.app.cli import store
from fluent_connect.app.cli.configuration import examined
from fluent_connect.app.cli.errors import OK, PROBLEMS, CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.cli.output import json_line, line, note, paint
from fluent_connect.app.cli.probes.commercetools import commercetools
from fluent_connect.app.cli.probes.configuration import configuration
from fluent_connect.app.cli.probes.finding import Finding
from fluent_connect.app.cli.probes.fluent import fluent
from fluent_connect.app.cli.probes.queues import queues
from fluent_connect.app.cli.probes.runtime import runtime
from fluent_connect.app.cli.probes.storage import storage
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.app.config.result import Config, Examined
from fluent_connect.app.subscriptions import taken_in_full
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.transports import open_transport
from fluent_connect.handlers.settings import Settings

app = application()
_GROUPS = ("runtime", "config", "store", "queues", "commercetools", "fluent")


@command(app, "doctor", "doctor", "doctor --only fluent --config conf")
def look(
    *,
    only: Annotated[
        str | None, typer.Option("--only", metavar="GROUP", help=", ".join(_GROUPS) + ".")
    ] = None,
    integrity: Annotated[
        bool, typer.Option("--integrity", help="Read the whole store for damage, too.")
    ] = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Measure runtime, store, configuration and both platforms, and say how to mend what is wrong.

    It changes nothing, and takes at most 15 seconds. Exit 9 if something fails.
    """
    groups = (only,) if only else _GROUPS
    if only and only not in _GROUPS:
        do = did_you_mean(only, _GROUPS, f"there are: {', '.join(_GROUPS)}")
        raise CliError("CLI004", f"doctor has no group {only!r}", do=do)
    found = examined(config, profile, data)
    place = store.place_of(data, config, profile)
    findings = asyncio.run(_find(found, place, groups, integrity=integrity))
    if json:
        for one in findings:
            json_line(msgspec.to_builtins(one))
    else:
        _show(findings)
    return PROBLEMS if any(one.state == "fail" for one in findings) else OK


async def _find(
    found: Examined, place: store.Place, groups: Sequence[str], *, integrity: bool
) -> list[Finding]:
    findings: list[Finding] = []
    if "runtime" in groups:
        findings += runtime(_folder(place), found.config.http.transport)
    if "config" in groups:
        findings += configuration(found)
    if "store" in groups:
        findings += [one async for one in storage(place, integrity=integrity)]
    if "queues" in groups:
        findings += await queues(found.config)
    if {"commercetools", "fluent"} & set(groups):
        findings += await _platforms(found.config, groups)
    return findings


def _folder(place: store.Place) -> Path:
    """Return a path on the disk that the service writes to."""
    return place if isinstance(place, Path) else Path.cwd()


async def _platforms(config: Config, groups: Sequence[str]) -> list[Finding]:
    """Return what both systems say of each account; each is asked at the same time."""
    asked: list[Awaitable[Sequence[Finding]]] = []
    transport = open_transport(connections=32)
    if "commercetools" in groups:
        projects = {one.commercetools.project_key: one for one in config.accounts}
        full = config.gaps.record != "off" and bool(taken_in_full(config))
        asked += [
            commercetools(
                one,
                transport,
                subscribed=config.subscription is not None,
                fetched=config.gaps.fetch and full,
            )
            for one in projects.values()
        ]
    if "fluent" in groups:
        catalogues = [_catalogue(config, one) for one in config.accounts]
        pairs = zip(config.accounts, catalogues, strict=True)
        asked += [fluent(one, catalogue, transport) for one, catalogue in pairs]
    try:
        return [one for each in await asyncio.gather(*asked) for one in each]
    finally:
        await transport.close()


def _catalogue(config: Config, account: Account) -> str:
    return config.settings.get((account.name, account.retailer), Settings()).catalogue


def _show(findings: Sequence[Finding]) -> None:
    size = max((len(one.name) for one in findings), default=0)
    for group, ones in groupby(findings, key=lambda one: one.group):
        line(group)
        for one in ones:
            line(f"  {paint(f'{one.state:<4}', one.state)}  {one.name:<{size}}  {one.measured}")
            if one.state in {"warn", "fail"}:
                _explain(one, " " * (size + 10))
    counts = {state: sum(one.state == state for one in findings) for state in ("fail", "warn")}
    note(f"{counts['fail']} failed, {counts['warn']} doubtful, of {len(findings)}")


def _explain(one: Finding, indent: str) -> None:
    if one.expected:
        line(f"{indent}expected: {one.expected}")
    if one.fix:
        line(f"{indent}do: {one.fix}")
