"""What tests and people ask of the sandbox itself: state, journal, faults, knobs, new traffic."""

import html
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from fluent_connect.sandbox.commercetools.drafts import created
from fluent_connect.sandbox.commercetools.kinds import BY_PATH, BY_TYPE
from fluent_connect.sandbox.commercetools.project import Told
from fluent_connect.sandbox.commercetools.service import Commercetools
from fluent_connect.sandbox.door import Answer, Call, decode, reply
from fluent_connect.sandbox.faults import Faults, Order
from fluent_connect.sandbox.fluent.service import Fluent
from fluent_connect.sandbox.shop import Shop

Route = Callable[[Call], Answer]
_ENTITY = ("id", "ref", "status", "createdOn", "updatedOn", "attributes")


class Control:
    """The routes below `/__sandbox` of one server."""

    def __init__(self, name: str, faults: Faults, state: Callable[[], Mapping[str, Any]]) -> None:
        self._name = name
        self._faults = faults
        self._state = state
        self.routes: dict[str, Route] = {"faults": self._change_faults, "state": self._show}

    def __call__(self, call: Call) -> Answer:
        """Answer the page, or what a route says."""
        if not call.segments:
            return self._page()
        route = self.routes.get("/".join(call.segments[1:]))
        return route(call) if route else reply({"error": "not found"}, 404)

    def _show(self, _: Call) -> Answer:
        return reply(self._state())

    def _change_faults(self, call: Call) -> Answer:
        if call.method == "DELETE":
            self._faults.clear()
        elif call.method == "POST":
            self._faults.obey(msgspec.json.decode(call.body, type=Order))
        return reply(list(self._faults))

    def _page(self) -> Answer:
        rows = "".join(
            f"<tr><th>{html.escape(str(name))}</th><td><pre>{html.escape(_text(value))}</pre></td></tr>"
            for name, value in self._state().items()
        )
        links = " ".join(f'<a href="/__sandbox/{one}">{one}</a>' for one in self.routes)
        page = f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>{self._name}</title>"
        page += f"<h1>{self._name} (sandbox)</h1><p>{links}</p><table>{rows}</table></html>"
        return Answer(body=page.encode(), kind="text/html")


def _text(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def commercetools_control(system: Commercetools, shop: Shop) -> Control:
    """Return the control of the commercetools server."""
    notifier = system.notifier

    def state() -> dict[str, Any]:
        return {
            "project": system.client.project_key,
            "resources": system.project.counts(),
            "notifications": notifier.counts(),
            "targets": [{"name": t.name, "url": t.url} for t in notifier.targets.values()],
            "requests": system.requests,
            "faults": list(system.faults),
        }

    def notifications(call: Call) -> Answer:
        after, limit = int(call.parameter("after", "0")), int(call.parameter("limit", "1000"))
        return reply({**notifier.counts(), "results": notifier.listing(after, limit)})

    def pause(call: Call) -> Answer:
        notifier.resume(paused=bool(decode(call.body).get("paused", True)))
        return reply({"paused": notifier.paused})

    def build(call: Call) -> Answer:
        body = decode(call.body)
        start, count = int(body.get("from", 0)), int(body.get("count", 1))
        made = build_traffic(system, shop, str(body["type"]), range(start, start + count))
        return reply({"ids": made})

    def expire(_: Call) -> Answer:
        system.expire_tokens()
        return reply({"expired": True})

    def announce(call: Call) -> Answer:
        types = decode(call.body).get("types") if call.body else None
        return reply({"announced": announce_all(system, types)})

    control = Control("commercetools", system.faults, state)
    control.routes |= {
        "notifications": notifications,
        "pause": pause,
        "build": build,
        "announce": announce,
        "expire-tokens": expire,
    }
    return control


def build_traffic(system: Commercetools, shop: Shop, kind: str, numbers: range) -> list[str]:
    """Make resources of the shop (order, customer, product, category) with their notifications."""
    makers = {
        "order": ("orders", shop.order),
        "customer": ("customers", shop.customer),
        "product": ("products", shop.product),
        "category": ("categories", shop.category),
    }
    path, build = makers[kind]
    made: list[str] = []
    for number in numbers:
        if kind == "order" and not system.project.get("payment", shop.payment(number)["id"]):
            system.create("payments", shop.payment(number))
        made.append(system.create(path, build(number))["id"])
    return made


def announce_all(system: Commercetools, types: list[str] | None = None) -> int:
    """Send the notifications of a creation for what is there already; return for how many."""
    count = 0
    for type_id, kind in BY_TYPE.items():
        if type_id in {"subscription", "message"} or (types is not None and type_id not in types):
            continue
        for resource in system.project.scan(type_id):
            messages = created(system.project, kind, resource)
            told = Told(kind=kind, change="ResourceCreated", resource=resource, messages=messages)
            system.project.announce(told)
            count += 1
    return count


def seed(system: Commercetools, shop: Shop, **sizes: int) -> None:
    """Fill an empty project with the shop; a project that holds it already is left alone."""
    for path, draft in shop.resources(**sizes):
        if system.project.get(BY_PATH[path].type_id, draft["id"]) is None:
            system.create(path, draft)


def fluent_control(system: Fluent) -> Control:
    """Return the control of the Fluent server."""

    def state() -> dict[str, Any]:
        return {
            "account": system.access.account,
            "entities": system.entities.counts(),
            "requests": system.requests,
            "knobs": system.knobs,
            "public_key": system.webhooks.public_key,
            "faults": list(system.faults),
        }

    control = Control("Fluent OMS", system.faults, state)
    control.routes |= {
        "writes": partial(_writes, system),
        "entities": partial(_entities, system),
        "creations": lambda call: reply(system.entities.creations(call.parameter("kind"))),
        "knobs": partial(_knobs, system),
        "expire-tokens": partial(_expire, system),
    }
    return control


def _writes(system: Fluent, call: Call) -> Answer:
    query = dict(call.query)
    after, limit = int(query.pop("after", "0")), int(query.pop("limit", "1000"))
    return reply(system.entities.writes(after=after, limit=limit, **query))


def _entities(system: Fluent, call: Call) -> Answer:
    kind = call.parameter("kind")
    if not kind:
        return reply(system.entities.counts())
    whole = call.parameter("whole") == "true"
    limit, after = int(call.parameter("limit", "1000")), int(call.parameter("after", "0"))
    found = islice(system.entities.listing(kind, after=after), limit)
    shown = [one if whole else {name: one.get(name) for name in _ENTITY} for one in found]
    return reply(shown)


def _knobs(system: Fluent, call: Call) -> Answer:
    if call.method == "POST":
        changed = msgspec.to_builtins(system.knobs) | decode(call.body)
        new = msgspec.convert(changed, type(system.knobs))
        for name in new.__struct_fields__:
            setattr(system.knobs, name, getattr(new, name))
    return reply(system.knobs)


def _expire(system: Fluent, call: Call) -> Answer:
    system.expire_tokens(refresh=bool(call.body and decode(call.body).get("refresh")))
    return reply({"expired": True})
