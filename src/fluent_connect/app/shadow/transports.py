"""Ways out for a run that must change nothing, and for one that has nothing but a file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, SelectionSetNode, parse

from fluent_connect.app.shadow.reads import document, reads, signs_in
from fluent_connect.clients.transport import Answer, Request, Transport
from fluent_connect.model.errors import ConnectError, RefusedError

FILE_URL = "https://commercetools.file.invalid"
"""Where an account's commercetools is while a file stands for it."""
NOWHERE_URL = "https://fluent.offline.invalid"
"""Where an account's Fluent is while it is asked nothing."""

_Key = tuple[str, str, bytes | None]
_Kept = dict[_Key, Answer | ConnectError]
_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)
_encode = msgspec.json.encode


@contextmanager
def once() -> Iterator[None]:
    """Within it each read is made once: whoever asks the same again gets the same answer."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


class ReadOnly:
    """Hands reads on and refuses everything else, whatever a handler tries."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        """Return the answer to a read. Raise RefusedError for a write: it was not sent."""
        if signs_in(request):
            return await self._transport.send(request, timeout)
        if not reads(request):
            path = urlsplit(request.url).path
            raise RefusedError(f"nothing is written here, but {request.method} {path} would")
        kept = _kept.get()
        if kept is None:
            return await self._transport.send(request, timeout)
        key = (request.method, request.url, request.body)
        if key not in kept:
            try:
                kept[key] = await self._transport.send(request, timeout)
            except ConnectError as error:
                kept[key] = error
        found = kept[key]
        if isinstance(found, Answer):
            return found
        raise found

    async def close(self) -> None:
        """Let go of all connections."""
        await self._transport.close()


class FromFile:
    """Answers as a commercetools project that holds these resources, by id, and nothing else.

    `lists`: what queries find, by the path of their type ("standalone-prices"), whatever they ask
    for. `absent`: what was asked for beside all that. Requests to a real system are handed on;
    those to `NOWHERE_URL` are answered as by a Fluent that holds nothing.
    """

    def __init__(
        self,
        onward: Transport,
        held: Mapping[str, Any] | None = None,
        lists: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self._onward = onward
        self._held = dict(held or {})
        self._lists = lists or {}
        self.absent: list[str] = []

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        """Return the answer."""
        ours = request.url.startswith((FILE_URL, NOWHERE_URL))
        if not ours:
            return await self._onward.send(request, timeout)
        if signs_in(request):
            return _json({"access_token": "none", "expires_in": 86400})
        if request.url.startswith(NOWHERE_URL):
            return _json({"data": nothing(document(request))})
        return self._commercetools(unquote(urlsplit(request.url).path))

    async def close(self) -> None:
        """Let go of all connections."""
        await self._onward.close()

    def _commercetools(self, path: str) -> Answer:
        found = self._held.get(path.rpartition("/")[2])
        if found is not None:
            return _json(found)
        told = path.strip("/").partition("/")[2]
        if told in self._lists:
            return _page(self._lists[told])
        if told not in self.absent:
            self.absent.append(told)
        if told.count("/"):
            return Answer(404, _encode({"statusCode": 404, "message": "not in the file"}))
        return _page(())


def embedded(value: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield type, id and the resource of each reference that is expanded in a resource."""
    if isinstance(value, Mapping):
        found = value.get("obj")
        if isinstance(found, Mapping) and "typeId" in value and "id" in value:
            yield str(value["typeId"]), str(value["id"]), found
        for each in value.values():
            yield from embedded(each)
    elif isinstance(value, list):
        for each in value:
            yield from embedded(each)


def nothing(text: str) -> dict[str, Any]:
    """Return the data with which a Fluent that holds nothing would answer a query."""
    try:
        nodes = parse(text).definitions
    except GraphQLError:
        return {}
    operations = [node for node in nodes if isinstance(node, OperationDefinitionNode)]
    fields = [
        field
        for operation in operations
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
    ]
    return {(field.alias or field.name).value: _none(field.selection_set) for field in fields}


def _none(selected: SelectionSetNode | None) -> object:
    asked = selected.selections if selected is not None else ()
    if any(isinstance(each, FieldNode) and each.name.value == "edges" for each in asked):
        return {"edges": [], "pageInfo": {"hasNextPage": False}}
    return None


def _page(results: Sequence[Any]) -> Answer:
    count = len(results)
    return _json({"limit": count, "offset": 0, "count": count, "results": results})


def _json(value: object) -> Answer:
    return Answer(200, _encode(value), {"content-type": "application/json"})
