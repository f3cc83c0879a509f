"""`setup types`: give commercetools the custom types that the connector reads and writes."""

from collections.abc import Sequence

from fluent_connect.app import custom_types
from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import OK, PARTLY, PROBLEMS
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DryRun,
    Json,
    Profiles,
    Yes,
    command,
    group,
)
from fluent_connect.app.cli.output import json_line, line, note, paint
from fluent_connect.app.cli.projects import Project, each_project
from fluent_connect.app.cli.prompts import agreed
from fluent_connect.app.config.result import Config
from fluent_connect.app.custom_types import TypePlan
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.custom_types import RESOURCES, Difference

app = group(
    "Prepare commercetools for the connector.",
    "setup types --dry-run",
    "setup types --yes",
)
_TONES = {"+": "good", "!": "bad"}


@command(app, "types", "setup types --dry-run", "setup types --project acme --yes --json")
def types(
    *,
    project: Project = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Create the custom types that the connector needs, and add the fields that others lack.

    Shows the difference first; removes and changes nothing. Exit 9 if a conflict is left, or
    (with --dry-run) anything to do; 8 if some types were made and others have a conflict.
    """
    found = loaded(config, profile)
    plans = _planned(found, project)
    if not json:
        _show(plans)
    todo = [one for one in plans if one.differences and not one.blocked]
    blocked = [one for one in plans if one.blocked]
    if dry_run or not todo:
        _report(plans, plans, json=json)
        return PROBLEMS if blocked or todo else OK
    if not yes:
        named = ", ".join(dict.fromkeys(one.project for one in todo))
        agreed(f"make {len(todo)} of {len(plans)} types as they shall be in {named}?")
    _apply(found, todo)
    after = _planned(found, project)
    _report(plans, after, json=json)
    if not json:
        for one in todo:
            line(f"{one.project}: {one.wanted.key} {'extended' if one.found else 'created'}")
    if any(one.differences for one in after):
        note("some types are still otherwise: see what is marked with ! above")
        return PARTLY
    return OK


def _planned(config: Config, project: str | None) -> list[TypePlan]:
    async def ask(commercetools: Commercetools, account: Account) -> list[TypePlan]:
        key = account.commercetools.project_key
        return await custom_types.plan(commercetools, key, custom_types.needed(config, key))

    asked = each_project(config, project, ask, scope="manage_types (view_types to look)")
    return [one for plans in asked for one in plans]


def _apply(config: Config, todo: Sequence[TypePlan]) -> None:
    """Make what is to be made, project by project; what was made before a failure stays made."""

    async def change(commercetools: Commercetools, account: Account) -> None:
        for one in todo:
            if one.project == account.commercetools.project_key:
                await custom_types.apply(commercetools, one)

    for project in dict.fromkeys(one.project for one in todo):
        each_project(config, project, change, scope="manage_types")


def _show(plans: Sequence[TypePlan]) -> None:
    last = ""
    for one in plans:
        if one.project != last:
            line(f"{one.project}:")
            last = one.project
        if not one.differences:
            line(f"  = type {one.wanted.key} (for {RESOURCES[one.wanted.kind]})")
        for each in one.differences:
            line(f"  {_told(each)}")
            if each.fix:
                line(f"      {each.fix}")


def _told(each: Difference) -> str:
    told = f": {each.told}" if each.sign == "+" and each.told else f" {each.told}"
    return paint(f"{each.sign} {each.what}{told}".rstrip(), _TONES[each.sign])


def _report(plans: Sequence[TypePlan], after: Sequence[TypePlan], *, json: bool) -> None:
    """Write each type as JSON: what was missing, and whether it still is."""
    if not json:
        return
    for one, now in zip(plans, after, strict=True):
        json_line(
            {
                "project": one.project,
                "key": one.wanted.key,
                "resource": RESOURCES[one.wanted.kind],
                "version": now.found.version if now.found else None,
                "differences": [
                    {"sign": d.sign, "what": d.what, "told": d.told, "fix": d.fix}
                    for d in one.differences
                ],
                "left": len(now.differences),
            }
        )
