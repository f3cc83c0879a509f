"""A dry run's way out: what is sent, what is shown, what is answered."""

from typing import Any

import msgspec

from fluent_connect.app.dryrun.transport import DryTransport
from fluent_connect.app.dryrun.values import Written
from fluent_connect.clients.fluent.graphql import operations
from fluent_connect.clients.transport import Answer, Request

FLUENT = "https://acme.example.com"
SHOP = "https://api.example.com/shop"
HEADERS = {"fluent.account": "ACME", "X-Correlation-ID": "m.0"}
CATEGORY = {
    "id": "7",
    "ref": "c-1",
    "status": "ACTIVE",
    "name": "Old",
    "attributes": [{"name": "season", "type": "STRING", "value": "W"}],
    "parentCategory": {"ref": "c-0"},
}


class Wire:
    """The other system; `held` is what its look-ups find."""

    def __init__(self, *held: dict[str, Any]) -> None:
        self.sent: list[Request] = []
        self._held = held

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        self.sent.append(request)
        edges = [{"node": each} for each in self._held]
        return Answer(200, msgspec.json.encode({"data": {"found": {"edges": edges}}}))

    async def close(self) -> None:
        self.sent.clear()


class Dry:
    """A dry transport on a wire, and what it showed."""

    def __init__(self, *held: dict[str, Any]) -> None:
        self.wire = Wire(*held)
        self.shown: list[Written] = []
        check = {"createOrder": ["ref: missing"]}.get
        self._transport = DryTransport(
            self.wire, self.shown.append, check=lambda name, _: check(name, []), clock=lambda: 5.0
        )

    async def graphql(self, name: str, **variables: Any) -> Any:
        return await self.post(FLUENT, "/graphql", operations()[name].body(variables), HEADERS)

    async def post(
        self, url: str, path: str, body: bytes, headers: dict[str, str], method: str = "POST"
    ) -> Any:
        answer = await self._transport.send(Request(method, url + path, headers, body), 1.0)
        return msgspec.json.decode(answer.body)


async def test_a_look_up_is_real_and_a_create_is_not_sent() -> None:
    dry = Dry()
    await dry.graphql("findOrder", refs=["1"])
    told = await dry.graphql("createOrder", input={"ref": "1", "type": "HD"})
    assert len(dry.wire.sent) == 1
    assert told == {"data": {"createOrder": {"id": "dry-run-1", "ref": "1", "status": "ACTIVE"}}}
    (shown,) = dry.shown
    assert (shown.message, shown.account, shown.operation) == ("m.0", "ACME", "createOrder")
    assert (shown.about, shown.held, shown.at) == ("1", False, 5.0)
    assert [(c.field, c.held, c.wanted) for c in shown.changes] == [
        ("ref", None, "1"),
        ("type", None, "HD"),
    ]
    assert shown.violations == ["ref: missing"]


async def test_an_update_tells_what_differs_from_what_fluent_holds() -> None:
    dry = Dry(CATEGORY)
    await dry.graphql("findCategory", refs=["c-1"])
    wanted = {
        "ref": "c-1",
        "catalogue": {"ref": "D:1"},
        "name": "New",
        "attributes": [
            {"name": "season", "type": "STRING", "value": "W"},
            {"name": "brand", "type": "STRING", "value": "B"},
        ],
        "parentCategory": {"ref": "c-2", "catalogue": {"ref": "D:1"}},
    }
    told = await dry.graphql("updateCategory", input=wanted)
    assert told["data"]["updateCategory"]["ref"] == "c-1"
    assert [(c.field, c.held, c.wanted) for c in dry.shown[0].changes] == [
        ("name", "Old", "New"),
        ("attributes[brand].value", None, "B"),
        ("parentCategory.ref", "c-0", "c-2"),
    ]
    assert dry.shown[0].held


async def test_what_one_account_holds_is_not_what_another_does() -> None:
    dry = Dry(CATEGORY)
    await dry.graphql("findCategory", refs=["c-1"])
    other = {**HEADERS, "fluent.account": "OTHER"}
    body = operations()["updateCategory"].body({"input": {"ref": "c-1", "name": "New"}})
    await dry.post(FLUENT, "/graphql", body, other)
    assert not dry.shown[0].held


async def test_taking_a_product_out_of_categories_names_them() -> None:
    dry = Dry()
    wanted = {"standardProduct": {"ref": "P"}, "categories": [{"ref": "c-1"}, {"ref": "c-2"}]}
    await dry.graphql("removeCategoriesFromStandardProduct", input=wanted)
    assert [(c.field, c.held, c.wanted) for c in dry.shown[0].changes] == [
        ("categories", "c-1", None),
        ("categories", "c-2", None),
    ]


async def test_several_mutations_in_one_request_are_several_writes() -> None:
    dry = Dry()
    text = (
        "mutation batch($a: CreateCategoryInput, $b: UpdateCategoryInput) {"
        " one: createCategory(input: $a) { id ref } two: updateCategory(input: $b) { id ref } }"
    )
    variables = {"a": {"ref": "c-1"}, "b": {"ref": "c-2"}}
    body = msgspec.json.encode({"query": text, "variables": variables})
    told = await dry.post(FLUENT, "/graphql", body, HEADERS)
    assert told["data"]["two"] == {"id": "dry-run-2", "ref": "c-2"}
    assert [(w.operation, w.about) for w in dry.shown] == [
        ("createCategory", "c-1"),
        ("updateCategory", "c-2"),
    ]


async def test_an_event_is_not_sent() -> None:
    dry = Dry()
    event = {"name": "Paid", "entityType": "ORDER", "entityRef": "1"}
    told = await dry.post(FLUENT, "/api/v4.1/event/sync", msgspec.json.encode(event), HEADERS)
    assert told == {"id": "dry-run-1", "eventStatus": "COMPLETE"}
    assert (dry.shown[0].operation, dry.shown[0].about) == ("event Paid", "1")
    assert dry.wire.sent == []


async def test_commercetools_is_not_changed() -> None:
    dry = Dry()
    update = msgspec.json.encode({"version": 3, "actions": [{"action": "setKey"}]})
    assert await dry.post(SHOP, "/orders/o-1", update, {}) == {"id": "o-1", "version": 4}
    draft = msgspec.json.encode({"key": "k"})
    assert (await dry.post(SHOP, "/custom-objects", draft, {}))["id"] == "dry-run-1"
    await dry.post(SHOP, "/orders/o-1?version=3", b"", {}, method="DELETE")
    assert [(w.system, w.operation, w.about) for w in dry.shown] == [
        ("commercetools", "POST /shop/orders/o-1", "o-1"),
        ("commercetools", "POST /shop/custom-objects", ""),
        ("commercetools", "DELETE /shop/orders/o-1", "o-1"),
    ]
    assert dry.wire.sent == []


async def test_personal_data_is_not_shown() -> None:
    dry = Dry({"id": "1", "username": "u-1", "status": "NEW", "primaryEmail": "a@example.com"})
    await dry.graphql("findCustomer", refs=["u-1"])
    await dry.graphql("updateCustomer", input={"username": "u-1", "primaryEmail": "b@example.com"})
    (shown,) = dry.shown
    assert "example.com" not in msgspec.json.encode(shown).decode()
    assert [c.field for c in shown.changes] == ["primaryEmail"]


async def test_signing_in_is_real() -> None:
    dry = Dry()
    await dry.post(FLUENT, "/oauth/token", b"grant_type=password", HEADERS)
    assert len(dry.wire.sent) == 1
    assert dry.shown == []
