"""`subscription plan | apply | status | delete`: have commercetools send what the routes take."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from fluent_connect.app import subscriptions
from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import OK, PROBLEMS
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DryRun,
    Json,
    Profiles,
    Yes,
    command,
    group,
)
from fluent_connect.app.cli.output import json_line, line, note, paint, pairs
from fluent_connect.app.cli.projects import Project, chosen, each_project
from fluent_connect.app.cli.prompts import agreed
from fluent_connect.app.config.result import Config
from fluent_connect.app.subscriptions import Plan
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.subscription import Difference, Subscription, shown

app = group(
    "Make commercetools send what the routes take: no more, and no less.",
    "subscription plan",
    "subscription apply --yes",
)
_SCOPE = "manage_subscriptions"
_TONES = {"+": "good", "-": "bad", "~": "doubt"}


@command(app, "plan", "subscription plan", "subscription plan --project acme --json")
def plan(
    *,
    project: Project = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Show what `apply` would change. Exit 9 if there is anything."""
    found = loaded(config, profile)
    plans = each_project(found, project, _planned(found), scope=_SCOPE)
    for one in plans:
        _show(one, json=json)
    return PROBLEMS if any(one.differences for one in plans) else OK


@command(app, "apply", "subscription apply", "subscription apply --yes --rotate")
def apply(
    *,
    project: Project = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Send the destination's secrets again, too.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Create or change the subscription of each project, in place: nothing is missed meanwhile."""
    found = loaded(config, profile)
    plans = each_project(found, project, _planned(found), scope=_SCOPE)
    for one in plans:
        if not json:
            _show(one, json=False)
    todo = {one.project for one in plans if one.differences or (rotate and one.found)}
    if not todo or dry_run:
        for one in plans if json else ():
            _show(one, json=True)
        return OK
    if not yes:
        agreed(f"change the subscription of {', '.join(sorted(todo))}?")

    async def change(commercetools: Commercetools, account: Account) -> Subscription | None:
        key = account.commercetools.project_key
        planned = next(one for one in plans if one.project == key)
        if key not in todo:
            return planned.found
        return await subscriptions.apply(commercetools, planned, rotate=rotate)

    made = each_project(found, project, change, scope=_SCOPE)
    for one, now in zip(plans, made, strict=True):
        _tell(one.project, now, json=json)
    return OK


@command(app, "status", "subscription status", "subscription status --json")
def status(
    *,
    project: Project = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Show each subscription and its health. Exit 9 unless all are Healthy."""
    found = loaded(config, profile)
    key = subscriptions.wanted(found).key

    async def ask(commercetools: Commercetools, account: Account) -> tuple[str, Any]:
        return account.commercetools.project_key, await subscriptions.find(commercetools, key)

    answers = each_project(found, project, ask, scope=_SCOPE)
    for name, one in answers:
        _tell(name, one, json=json)
    healthy = all(one is not None and one.status == "Healthy" for _, one in answers)
    return OK if healthy else PROBLEMS


@command(app, "delete", "subscription delete --project acme")
def delete(
    *,
    project: Project = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Delete the subscription: commercetools sends nothing more, and nothing is kept for later."""
    found = loaded(config, profile)
    key = subscriptions.wanted(found).key
    names = [each.commercetools.project_key for each in chosen(found, project)]
    if not (yes or dry_run):
        agreed(f"delete subscription {key} of {', '.join(names)}, and miss what happens from now?")

    async def remove(commercetools: Commercetools, account: Account) -> tuple[str, bool]:
        there = await subscriptions.find(commercetools, key)
        gone = there is not None
        if there is not None and not dry_run:
            gone = await subscriptions.delete(commercetools, there)
        return account.commercetools.project_key, gone

    for name, gone in each_project(found, project, remove, scope=_SCOPE):
        if json:
            json_line({"project": name, "key": key, "deleted": gone, "dry_run": dry_run})
            continue
        verb = "would delete" if dry_run else "deleted"
        line(f"{name}: {f'{verb} {key}' if gone else f'there is no {key}'}")


def _planned(config: Config) -> Callable[[Commercetools, Account], Awaitable[Plan]]:
    want = subscriptions.wanted(config)

    async def ask(commercetools: Commercetools, account: Account) -> Plan:
        return await subscriptions.plan(commercetools, account.commercetools.project_key, want)

    return ask


def _show(plan: Plan, *, json: bool) -> None:
    found = plan.found
    if json:
        differences = [{"sign": d.sign, "what": d.what, "told": d.told} for d in plan.differences]
        version = found.version if found else None
        json_line({"project": plan.project, "key": plan.wanted.key, "version": version,
                   "differences": differences})  # fmt: skip
        return
    line(f"{plan.project}: subscription {plan.wanted.key}")
    for each in plan.differences:
        line(f"  {_told(each)}")
    if not plan.differences:
        line("  is as the routes need it")


def _told(each: Difference) -> str:
    return paint(
        f"{each.sign} {each.what}{f': {each.told}' if each.told else ''}", _TONES[each.sign]
    )


def _tell(project: str, found: Subscription | None, *, json: bool) -> None:
    if json:
        told: dict[str, object] = {"project": project, "status": None}
        if found is not None:
            told |= {"key": found.key, "version": found.version, "status": found.status}
            told |= {"destination": shown(found.destination), "format": found.format}
            told |= {"messages": found.messages, "changes": found.changes, "events": found.events}
        json_line(told)
        return
    if found is None:
        note(f"{project}: there is no subscription; `fluent-connect subscription apply` makes it")
        return
    tone = "good" if found.status == "Healthy" else "bad"
    line(f"{project}: {found.key} (version {found.version}) is {paint(found.status, tone)}")
    pairs(
        {
            "  destination": " ".join(str(each) for each in shown(found.destination).values()),
            "  format": found.format.get("type", "Platform"),
            "  messages": ", ".join(str(each["resourceTypeId"]) for each in found.messages) or "-",
            "  changes": ", ".join(str(each["resourceTypeId"]) for each in found.changes) or "-",
        }
    )
