"""What a request that is not sent would have written, and an answer as if it had been. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    value_from_ast_untyped,
)

from fluent_connect.clients.transport import Answer, Request

_EVENT = "/api/v4.1/event/"
_ACCOUNT = "fluent.account"
_ONE = 3
"""Parts of a path that names one resource: project, kind, id."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One write that a request asks for.

    operation: the mutation, the event's name, or method and path. entity: what kind of thing it is
    about ("category"). about: its natural key. alias: under which its answer is expected.
    """

    system: str
    account: str
    operation: str
    entity: str
    about: str
    input: Mapping[str, Any]
    alias: str = ""
    asked: Sequence[str] = ()

    @property
    def creates(self) -> bool:
        """Say whether something new is to be made."""
        return self.operation.startswith("create")


def wishes(request: Request) -> Sequence[Wish]:
    """Return the writes that a request asks for: several for a document of several mutations."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    account = headers.get(_ACCOUNT, "")
    path = unquote(urlsplit(request.url).path)
    body = _body(request.body)
    if not account:
        return (_of_commercetools(request.method, path, body),)
    if path.endswith("/graphql"):
        return tuple(_mutations(account, body))
    if _EVENT in path:
        about = str(body.get("entityRef") or body.get("entityId") or "")
        kind = str(body.get("entityType") or "").lower()
        name = str(body.get("name") or "")
        return (
            Wish(
                system="fluent",
                account=account,
                operation=f"event {name}",
                entity=kind,
                about=about,
                input=body,
            ),
        )
    operation = f"{request.method} {path}"
    return (
        Wish(
            system="fluent", account=account, operation=operation, entity="", about="", input=body
        ),
    )


def answered(request: Request, asked: Sequence[Wish], numbers: Iterator[int]) -> Answer:
    """Return the answer of a system that carried out all of it. Ids say that they are made up."""
    if asked and asked[0].alias:
        return _json({"data": {wish.alias: _made(wish, numbers) for wish in asked}})
    if asked and asked[0].operation.startswith("event "):
        return _json({"id": f"dry-run-{next(numbers)}", "eventStatus": "COMPLETE"})
    if asked and asked[0].system == "commercetools":
        return _changed(request, asked[0], numbers)
    return _json({})


def _made(wish: Wish, numbers: Iterator[int]) -> dict[str, Any]:
    """Return what a mutation returns. ACTIVE: what a workflow makes of what is new."""
    told = {
        "id": wish.input.get("id") or f"dry-run-{next(numbers)}",
        "ref": wish.input.get("ref"),
        "username": wish.input.get("username"),
        "status": wish.input.get("status") or "ACTIVE",
    }
    return {name: told.get(name) for name in wish.asked}


def _changed(request: Request, wish: Wish, numbers: Iterator[int]) -> Answer:
    """Return the resource as far as the change tells it."""
    if request.method == "DELETE":
        return _json({"id": wish.about, "version": 1})
    version = wish.input.get("version")
    if wish.about:
        return _json({"id": wish.about, "version": version + 1 if isinstance(version, int) else 1})
    return _json({**wish.input, "id": f"dry-run-{next(numbers)}", "version": 1})


def _of_commercetools(method: str, path: str, body: Mapping[str, Any]) -> Wish:
    parts = path.strip("/").split("/")
    about = parts[2] if len(parts) >= _ONE else ""
    kind = parts[1] if len(parts) > 1 else ""
    return Wish(
        system="commercetools",
        account=parts[0],
        operation=f"{method} {path}",
        entity=kind,
        about=about,
        input=body,
    )


def _mutations(account: str, body: Mapping[str, Any]) -> Iterator[Wish]:
    variables = body.get("variables") or {}
    for field in _fields(str(body.get("query") or "")):
        name = field.name.value
        given = {
            argument.name.value: value_from_ast_untyped(argument.value, variables)
            for argument in field.arguments or ()
        }
        input_: Any = given.get("input", given)
        yield Wish(
            system="fluent",
            account=account,
            operation=name,
            entity=entity(name),
            about=str(input_.get("username") or input_.get("ref") or input_.get("id") or ""),
            input=input_,
            alias=(field.alias or field.name).value,
            asked=_names(field.selection_set),
        )


def entity(mutation: str) -> str:
    """Return what a mutation is about: "createOrder" -> "order"."""
    name = mutation.removeprefix("create").removeprefix("update")
    return name[:1].lower() + name[1:]


def _fields(text: str) -> Iterator[FieldNode]:
    try:
        nodes = parse(text).definitions
    except GraphQLError:
        return
    for node in nodes:
        if isinstance(node, OperationDefinitionNode):
            for field in node.selection_set.selections:
                if isinstance(field, FieldNode):
                    yield field


def _names(selected: SelectionSetNode | None) -> tuple[str, ...]:
    asked = selected.selections if selected is not None else ()
    return tuple(each.name.value for each in asked if isinstance(each, FieldNode))


def _body(raw: bytes | None) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {"body": value}


def _json(value: object) -> Answer:
    return Answer(200, msgspec.json.encode(value), {"content-type": "application/json"})
