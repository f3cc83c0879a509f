"""The custom types of the commercetools projects: compared with what is needed, and made."""

from collections.abc import Sequence

import msgspec

from fluent_connect.app.config.result import Config
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.custom_types import (
    CustomType,
    Difference,
    Wanted,
    actions,
    differences,
    wanted,
)
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.model.notification import Reference

_TYPE = "type"


class TypePlan(msgspec.Struct, frozen=True):
    """One Type that a project has to have: what there is of it, and what is missing or wrong."""

    project: str
    wanted: Wanted
    found: CustomType | None
    differences: Sequence[Difference]

    @property
    def blocked(self) -> bool:
        """Say whether a person has to settle something first."""
        return any(each.sign == "!" for each in self.differences)


def needed(config: Config, project: str) -> list[Wanted]:
    """Return the Types that the accounts of a project need."""
    settings = [
        config.settings[each.name, each.retailer]
        for each in config.accounts
        if each.commercetools.project_key == project
        and (each.name, each.retailer) in config.settings
    ]
    fields = [each.pickup_field for each in settings if "order" in each.pickup_from]
    return wanted(config.custom_types.keys, fields)


async def plan(
    commercetools: Commercetools, project: str, wants: Sequence[Wanted]
) -> list[TypePlan]:
    """Compare the project's Types with what is wanted; change nothing."""
    types = [each async for each in commercetools.all(_TYPE, CustomType)]
    by_key = {each.key: each for each in types}
    return [
        TypePlan(project, each, by_key.get(each.key), differences(each, types)) for each in wants
    ]


async def apply(commercetools: Commercetools, planned: TypePlan) -> None:
    """Create the Type, or add the fields that it lacks; nothing is removed or changed."""
    want, found = planned.wanted, planned.found
    if found is None:
        await commercetools.create(_TYPE, want.draft(), CustomType)
        return
    todo = actions(want, found)
    if todo:
        await commercetools.update(Update(Reference(_TYPE, found.id), todo, found.version))
