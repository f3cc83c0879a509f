"""Which Fluent accounts a notification is for, as far as it tells itself. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.notification import Notification

CATALOGUE = frozenset(
    {"product", "category", "product-type", "tax-category", "standalone-price", "channel"}
)
"""What belongs to every retailer of a project alike."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A commercetools project (or the part of it that the conditions leave), and whom it feeds."""

    project_key: str
    account: str
    retailer: str
    store: str | None = None
    country: str | None = None
    channel: str | None = None
    custom: Mapping[str, str] = {}

    @property
    def always(self) -> bool:
        """Say whether no condition is set."""
        return not (self.store or self.country or self.channel or self.custom)


class AccountMap:
    """All targets. Those with conditions are asked before those without."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._by_project: dict[str, list[Target]] = {}
        for target in sorted(targets, key=lambda target: target.always):
            self._by_project.setdefault(target.project_key, []).append(target)

    def __iter__(self) -> Iterator[Target]:
        return (target for targets in self._by_project.values() for target in targets)

    @property
    def only_project(self) -> str | None:
        """Return the project's key if there is but one: that of whoever does not say."""
        return next(iter(self._by_project)) if len(self._by_project) == 1 else None

    def candidates(
        self, notification: Notification, *, accounts: Sequence[str] = (), door: str = ""
    ) -> Sequence[Target]:
        """Return those that the resource may belong to, each account and retailer once.

        `accounts`: the only ones that the door feeds; none = all. One candidate: it is certain.
        Raise UnprocessableError if there is none.
        """
        project = notification.project_key or self.only_project
        targets = self._by_project.get(project or "", [])
        if not targets:
            raise UnprocessableError(f"no account mapping for project {project}")
        if accounts:
            targets = [target for target in targets if target.account in accounts]
            if not targets:
                raise UnprocessableError(f"the door {door} takes nothing of project {project}")
        resource = notification.resource
        if not (resource is not None and resource.type_id in CATALOGUE):
            targets = _possible(targets, notification)
        once: dict[tuple[str, str], Target] = {}
        for target in targets:
            once.setdefault((target.account, target.retailer), target)
        return tuple(once.values())


def _possible(targets: Sequence[Target], notification: Notification) -> list[Target]:
    """Return the one target that certainly fits, or all that may; those without conditions last."""
    if targets[0].always:
        return list(targets)
    told = _told(notification)
    possible: list[Target] = []
    for target in targets:
        fits = target.always or _fits(target, told)
        if fits and not target.always and not possible:
            return [target]
        if fits is not False:
            possible.append(target)
    if not possible:
        raise UnprocessableError(
            f"no account mapping for {_place(told)} of project {targets[0].project_key}"
        )
    return possible


def _fits(target: Target, told: Mapping[str, object] | None) -> bool | None:
    """Say whether a target's conditions hold; None: the notification does not tell."""
    if told is None:
        return None
    checks = [
        target.store is None or target.store in _stores(told),
        target.country is None or target.country == _country(told),
        all(_custom(told).get(name) == value for name, value in target.custom.items()),
    ]
    if not all(checks):
        return False
    return None if target.channel is not None else True


def _told(notification: Notification) -> Mapping[str, object] | None:
    """Return the resource, where the notification holds it whole."""
    resource = notification.resource
    if resource is None:
        return None
    whole = notification.payload.get(resource.type_id)
    return whole if isinstance(whole, Mapping) and whole.get("id") == resource.id else None


def _stores(told: Mapping[str, object]) -> Sequence[object]:
    several = told.get("stores")
    listed = several if isinstance(several, list) else [told.get("store")]
    return [one.get("key") for one in listed if isinstance(one, Mapping)]


def _country(told: Mapping[str, object]) -> object:
    for name in ("shippingAddress", "billingAddress"):
        address = told.get(name)
        if isinstance(address, Mapping):
            return address.get("country")
    return None


def _custom(told: Mapping[str, object]) -> Mapping[str, object]:
    custom = told.get("custom")
    fields = custom.get("fields") if isinstance(custom, Mapping) else None
    return fields if isinstance(fields, Mapping) else {}


def _place(told: Mapping[str, object] | None) -> str:
    stores = _stores(told) if told is not None else ()
    where = ", ".join(str(store) for store in stores)
    return f"store {where}" if where else "a resource without store"
