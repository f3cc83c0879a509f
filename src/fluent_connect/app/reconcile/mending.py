"""The messages that mend what was found. Pure."""

import msgspec

from fluent_connect.app.reconcile.finding import Finding
from fluent_connect.app.replay.frozen import Item
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference

_DELETED = {"product": "ProductDeleted"}


def mended_by(finding: Finding, edition: Edition, run: str, number: int) -> Item | None:
    """Return the message that mends a finding; None if none does.

    What is extra is told as deleted: its handler takes it out of use, as it does for a deletion.
    """
    route = edition.routes.upserting(finding.type_id)
    if route is None or not finding.drifted or not finding.mendable:
        return None
    config = edition.config
    settings = config.settings.get((finding.account, finding.retailer), Settings())
    about = Reference(finding.type_id, finding.id)
    project = next(
        (
            each.commercetools.project_key
            for each in config.accounts
            if (each.name, each.retailer) == (finding.account, finding.retailer)
        ),
        None,
    )
    message = Message(
        id=f"repair-{run}-{number}",
        name=route.name,
        key=lane(finding.account, finding.retailer, about),
        account=finding.account,
        retailer=finding.retailer,
        project_key=project,
        resource=about,
        kind="ResourceUpdated",
        version=finding.version,
        cause="repair",
    )
    if finding.class_ == "extra":
        if finding.type_id == "category" and finding.ref not in {
            finding.id,
            _key(finding, settings),
        }:
            return None
        kind = _DELETED.get(finding.type_id, "ResourceDeleted")
        key = _key(finding, settings)
        attributes: dict[str, object] = {"key": key} if key else {}
        message = msgspec.structs.replace(message, kind=kind, version=None, attributes=attributes)
    return Item(message=message, ordered=route.ordered)


def _key(finding: Finding, settings: Settings) -> str:
    """Return the key that the deleted resource must have had to be called so in Fluent."""
    if finding.type_id == "category":
        return finding.ref if settings.category_ref == "key" else ""
    before, _, after = settings.standard_product_ref.partition("{key}")
    fits = finding.ref.startswith(before) and finding.ref.endswith(after)
    inner = finding.ref[len(before) : len(finding.ref) - len(after)] if fits else ""
    return "" if inner == finding.id else inner
