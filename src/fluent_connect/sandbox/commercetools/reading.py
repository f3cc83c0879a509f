"""Reading a project: single resources, queries with paging, projections, expansion."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from fluent_connect.sandbox.commercetools.errors import invalid, not_implemented
from fluent_connect.sandbox.commercetools.kinds import BY_TYPE, Json
from fluent_connect.sandbox.commercetools.predicates import (
    Fact,
    Predicate,
    Variables,
    matches,
    parse,
)
from fluent_connect.sandbox.commercetools.project import Project
from fluent_connect.sandbox.door import Call

LARGEST_PAGE = 500
DEFAULT_PAGE = 20
LARGEST_OFFSET = 10_000
_PARAMETERS = {"where", "sort", "limit", "offset", "withTotal", "expand", "staged"}
_UNSUPPORTED = ("priceCurrency", "storeProjection", "localeProjection", "priceChannel")


def projection(product: Json, *, staged: bool) -> Json | None:
    """Return a product as its projection shows it; None where it is not published."""
    data = product["masterData"]
    view = data.get("staged" if staged else "current")
    if view is None or (not staged and not data["published"]):
        return None
    names = ("id", "version", "key", "createdAt", "lastModifiedAt", "productType", "taxCategory")
    shown = {name: product[name] for name in names if name in product}
    shown |= {name: value for name, value in view.items() if name != "variants"}
    return shown | {
        "variants": view.get("variants", []),
        "published": data["published"],
        "hasStagedChanges": data["hasStagedChanges"],
        "priceMode": product.get("priceMode", "Embedded"),
    }


def query(project: Project, type_id: str, call: Call) -> Json:
    """Answer a page of resources of a type."""
    limit, offset = _bounds(call)
    predicates = [parse(text) for text in call.parameters("where")]
    variables: dict[str, list[str]] = {}
    for name, value in call.query:
        if name.startswith("var."):
            variables.setdefault(name[4:], []).append(value)
        elif name not in _PARAMETERS:
            raise not_implemented(f"query parameter '{name}'")
    found = _matching(project, type_id, predicates, variables, staged=_staged(call))
    sorts = call.parameters("sort")
    total = None
    counted = call.parameter("withTotal", "true") != "false"
    if sorts in ([], ["id"], ["id asc"]):
        page, total = _streamed(found, offset, limit, count=counted)
    else:
        ordered = _sorted(found, sorts)
        total = len(ordered)
        page = ordered[offset : offset + limit]
    expand(project, page, call.parameters("expand"))
    answer: Json = {"limit": limit, "offset": offset, "count": len(page), "results": page}
    if total is not None and counted:
        answer["total"] = total
    return answer


def _streamed(
    found: Iterator[Json], offset: int, limit: int, *, count: bool
) -> tuple[list[Json], int | None]:
    """Return a page of what comes in the order of ids, holding no more of it; count if asked."""
    page = list(islice(found, offset, offset + limit))
    if not count:
        return page, None
    before = offset if page or not offset else 0
    return page, before + len(page) + sum(1 for _ in found)


def expand(project: Project, resources: Iterable[Json], paths: Sequence[str]) -> None:
    """Put the referenced object beside each reference that the paths name."""
    for path in paths:
        steps = path.replace("[*]", "").split(".")
        for resource in resources:
            _expand(project, resource, steps)


def _expand(project: Project, value: Any, steps: Sequence[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _expand(project, item, steps)
        return
    if not isinstance(value, dict):
        return
    if isinstance(value.get("typeId"), str) and "id" in value:
        if not steps and "obj" not in value and value["typeId"] in BY_TYPE:
            target = project.get(value["typeId"], value["id"])
            if target is not None:
                value["obj"] = target
        if steps and "obj" in value:
            _expand(project, value["obj"], steps[1:] if steps[0] == "obj" else steps)
    elif steps:
        _expand(project, value.get(steps[0]), steps[1:])


def _bounds(call: Call) -> tuple[int, int]:
    try:
        limit = int(call.parameter("limit", str(DEFAULT_PAGE)))
        offset = int(call.parameter("offset", "0"))
    except ValueError as error:
        raise invalid("Malformed parameter: limit and offset are numbers") from error
    if not 0 <= limit <= LARGEST_PAGE:
        raise invalid(f"Malformed parameter: limit: {limit} is not within 0 and {LARGEST_PAGE}")
    if not 0 <= offset <= LARGEST_OFFSET:
        raise invalid(f"Malformed parameter: offset: {offset} is not within 0 and {LARGEST_OFFSET}")
    return limit, offset


def _staged(call: Call) -> bool | None:
    """Say which projection is asked for; None: products as they are."""
    if not call.segments or call.segments[1] != "product-projections":
        return None
    return call.parameter("staged", "false") == "true"


def _matching(
    project: Project,
    type_id: str,
    predicates: Sequence[Predicate],
    variables: Variables,
    *,
    staged: bool | None,
) -> Iterator[Json]:
    for resource in _candidates(project, type_id, predicates, variables):
        shown = resource if staged is None else projection(resource, staged=staged)
        if shown is not None and matches(predicates, shown, variables):
            yield shown


def _candidates(
    project: Project, type_id: str, predicates: Sequence[Predicate], variables: Variables
) -> Iterator[Json]:
    """Yield what may match, by rising id, with as little reading as the facts allow."""
    after = ""
    for fact in (fact for predicate in predicates for fact in predicate.facts):
        ids = _indexed(project, type_id, fact, variables)
        if ids is not None:
            found = (project.get(type_id, id_) for id_ in ids)
            return (resource for resource in found if resource is not None)
        if fact.path == ("id",) and fact.sign == ">":
            after = max(after, *map(str, fact.value(variables)))
    return project.scan(type_id, after=after)


def _indexed(project: Project, type_id: str, fact: Fact, variables: Variables) -> list[str] | None:
    """Return the ids that a fact leaves over; None where no index knows."""
    if fact.sign not in {"=", "in"}:
        return None
    values = [value for value in fact.value(variables) if isinstance(value, str)]
    if fact.path == ("id",):
        return sorted(set(values))
    if fact.path == ("paymentInfo", "payments", "id"):
        return project.ids(type_id, "payment", *values)
    if fact.path == ("resource", "id") and type_id == "message":
        return project.ids(type_id, "resource", *values)
    if len(fact.path) == 1 and fact.path[0] in BY_TYPE[type_id].identifiers:
        return project.ids(type_id, fact.path[0], *values)
    return None


def _sorted(found: Iterable[Json], sorts: Sequence[str]) -> list[Json]:
    ordered = list(found)
    for sort in reversed(sorts):
        path, _, direction = sort.partition(" ")
        if direction not in {"", "asc", "desc"}:
            raise invalid(f"Malformed parameter: sort: {sort}")
        steps = path.split(".")
        ordered.sort(key=lambda item: _sortable(item, steps), reverse=direction == "desc")
    return ordered


def _sortable(item: Any, steps: Sequence[str]) -> tuple[bool, Any]:
    for step in steps:
        item = item.get(step) if isinstance(item, dict) else None
    return (item is not None, item if item is not None else "")
