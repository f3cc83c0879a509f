"""commercetools over HTTP: read, query and update resources, typed by what the caller wants."""

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote, urlencode

import msgspec

from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.gathering import Gathering
from fluent_connect.clients.http import Answer, Door, Trace
from fluent_connect.clients.redact import words
from fluent_connect.clients.statuses import VersionConflictError
from fluent_connect.model.errors import MalformedError, RefusedError
from fluent_connect.model.notification import Reference

T = TypeVar("T")

PAGE = 500
_TOGETHER = 50
"""Ids in one query: they stand in its URL."""
_REREADS = 5
_PATHS = {
    "category": "categories",
    "inventory-entry": "inventory",
    "key-value-document": "custom-objects",
    "product-price": "standalone-prices",
    "tax-category": "tax-categories",
}
_encode = msgspec.json.Encoder(decimal_format="number").encode
_any = msgspec.json.Decoder()
_PLAIN = re.compile(r"[A-Za-z0-9_.~=-]*\Z").match
"""What `quote` would leave as it is, asked in a tenth of its time."""
_MOST_MESSAGES = 10_000
"""Of one resource; commercetools lets nobody page further."""
_NO_MESSAGES = frozenset({400, 403, 404, 501})


class _Versioned(msgspec.Struct):
    version: int


class _Known(msgspec.Struct):
    id: str


class _Numbered(msgspec.Struct, rename="camel"):
    sequence_number: int


_numbered = msgspec.json.Decoder(_Numbered).decode


_known = msgspec.json.Decoder(_Known).decode
_Kind = tuple[str, tuple[str, ...]]
"""A type of resources, and what is expanded in them."""


class _Page(msgspec.Struct, Generic[T]):
    results: list[T]


class _Ids(msgspec.Struct):
    results: list[_Known]


class _Counted(msgspec.Struct):
    total: int


class CommercetoolsApi:
    """One commercetools project as one account reaches it: long-lived, shared by all messages."""

    def __init__(self, door: Door, project_key: str) -> None:
        self.door = door
        self.project_key = project_key
        self._root = f"/{quote(project_key, safe='')}"
        self._roots: dict[str, str] = {}
        self._decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
        self.gathering = Gathering(self._several, _TOGETHER)

    def close(self) -> None:
        """Give up what is shared and under way."""
        self.gathering.close()

    def bound(self, trace: Trace) -> "Commercetools":
        """Return the view for one message, which records its calls in `trace`."""
        return Commercetools(self, trace)

    def path(self, type_id: str) -> str:
        """Return where resources of a type live: "order" -> "/{project}/orders"."""
        path = self._roots.get(type_id)
        if path is None:
            path = self._roots[type_id] = f"{self._root}/{_PATHS.get(type_id, f'{type_id}s')}"
        return path

    def decoder(self, type_: Any) -> msgspec.json.Decoder[Any]:
        """Return the decoder for a type, made once."""
        decoder = self._decoders.get(type_)
        if decoder is None:
            decoder = self._decoders[type_] = msgspec.json.Decoder(type_)
        return decoder

    def read(self, answer: Answer, type_: type[T], trace: Trace) -> T:
        """Return the answer as `type_`.

        Raise UnreachableError if it is no JSON (cut off, a proxy's page), MalformedError, which
        names the field, if it is JSON of another shape.
        """
        try:
            return cast("T", self.decoder(type_).decode(answer.body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            try:
                _any.decode(answer.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise self.door.unreadable(trace, answer, "not JSON, or cut off") from error
            where = trace.calls[-1].path
            raise MalformedError(f"commercetools {where} is not as expected: {error}") from error

    async def _several(self, kind: _Kind, ids: Sequence[str], trace: Trace) -> dict[str, bytes]:
        """Return which of the resources there are; one that a list lacks is asked for by itself."""
        (type_id, expand), view = kind, self.bound(trace)
        found: dict[str, bytes] = {}
        if len(ids) > 1:
            page = await view.query(
                type_id,
                msgspec.Raw,
                where=("id in :ids",),
                limit=len(ids),
                expand=expand,
                variables={"ids": ids},
            )
            found = {_known(raw).id: bytes(raw) for raw in page}
        for id_ in ids:
            if id_ not in found:
                one = await view.get(Reference(type_id, id_), msgspec.Raw, expand=expand)
                found |= {} if one is None else {id_: bytes(one)}
        return found


class Commercetools:
    """commercetools as one message sees it. Errors are those of `clients/http.py`.

    gathers: what it gets by id is read together with what others get at the same moment.
    """

    __slots__ = ("_api", "_gathers", "_trace")

    def __init__(self, api: CommercetoolsApi, trace: Trace, *, gathers: bool = False) -> None:
        self._api = api
        self._gathers = gathers
        self._trace = trace

    def gathered(self) -> "Commercetools":
        """Return the view for one of many messages that are only looked at."""
        return Commercetools(self._api, self._trace, gathers=True)

    async def get(
        self, reference: Reference, type_: type[T], *, expand: Sequence[str] = ()
    ) -> T | None:
        """Return the resource as it stands now; None if there is none (404)."""
        if self._gathers:
            kind = (reference.type_id, tuple(expand))
            raw = await self._api.gathering.ask(kind, reference.id, self._trace)
            return None if raw is None else self._api.read(Answer(200, raw), type_, self._trace)
        path = self._at(reference)
        if expand:
            path = f"{path}?{urlencode([('expand', e) for e in expand], quote_via=quote)}"
        answer = await self._api.door.call("GET", path, self._trace)
        if answer.status == 404:  # noqa: PLR2004
            if answer.body:
                # A proxy's page is none of commercetools' words: nobody knows whether it is there.
                self._api.read(answer, Any, self._trace)
            return None
        return self._api.read(answer, type_, self._trace)

    async def query(
        self,
        type_id: str,
        type_: type[T],
        *,
        where: Sequence[str] = (),
        sort: Sequence[str] = (),
        limit: int = PAGE,
        expand: Sequence[str] = (),
        variables: Mapping[str, str | Sequence[str]] | None = None,
    ) -> list[T]:
        """Return at most `limit` (500) resources that satisfy every predicate of `where`.

        `variables` fill `:name` in predicates; never build a predicate from someone's text.
        """
        answer = await self._page(type_id, _parameters(where, sort, limit, expand, variables or {}))
        return self._results(answer, type_)

    async def all(
        self,
        type_id: str,
        type_: type[T],
        *,
        where: Sequence[str] = (),
        expand: Sequence[str] = (),
        variables: Mapping[str, str | Sequence[str]] | None = None,
    ) -> AsyncIterator[T]:
        """Yield every resource that satisfies `where`, by rising id, page by page."""
        last = ""
        while True:
            after = (f'id > "{last}"',) if last else ()
            predicates = (*where, *after)
            answer = await self._page(
                type_id, _parameters(predicates, ("id asc",), PAGE, expand, variables or {})
            )
            results = self._results(answer, type_)
            for item in results:
                yield item
            if len(results) < PAGE:
                return
            last = self._api.read(answer, _Ids, self._trace).results[-1].id

    async def count(
        self,
        type_id: str,
        *,
        where: Sequence[str] = (),
        variables: Mapping[str, str | Sequence[str]] | None = None,
    ) -> int:
        """Return how many resources satisfy every predicate of `where`."""
        parameters = _parameters(where, (), 0, (), variables or {}, total=True)
        answer = await self._page(type_id, parameters)
        return self._api.read(answer, _Counted, self._trace).total

    async def messages(self, about: Reference, numbers: Collection[int]) -> dict[int, bytes]:
        """Return those Messages of a resource that commercetools still has, by number, as JSON.

        Raise RefusedError where they may not be asked for: the scope is missing (view_messages), or
        the project does not keep Messages. Nothing else suffers for that.
        """
        found: dict[int, bytes] = {}
        where = f'resource(typeId="{about.type_id}" and id="{about.id}")'
        for offset in range(0, _MOST_MESSAGES, PAGE):
            parameters = [("where", where), ("sort", "sequenceNumber asc"), ("limit", str(PAGE)),
                          ("offset", str(offset)), ("withTotal", "false")]  # fmt: skip
            path = f"{self._api.path('message')}?{urlencode(parameters, quote_via=quote)}"
            answer = await self._api.door.call("GET", path, self._trace, accept=_NO_MESSAGES)
            if answer.status in _NO_MESSAGES:
                said = f"commercetools {self._api.path('message')} answered {answer.status}"
                raise RefusedError(f"{said}: {words(answer.body)}", status=answer.status)
            page = self._results(answer, msgspec.Raw)
            read = [(_numbered(raw).sequence_number, bytes(raw)) for raw in page]
            found |= {number: raw for number, raw in read if number in numbers}
            if len(page) < PAGE or max(number for number, _ in read) >= max(numbers):
                break
        return found

    async def update(self, update: Update) -> int:
        """Apply the actions and return the new version.

        Raise VersionConflictError if the resource stands at another version than `update` names;
        where it names none, the newest is read, again up to five times.
        """
        if update.version is not None:
            return await self._post(update, update.version)
        for _ in range(_REREADS):
            try:
                return await self._post(update, await self._version(update.resource))
            except VersionConflictError:
                continue
        return await self._post(update, await self._version(update.resource))

    async def create(self, type_id: str, draft: Mapping[str, object], type_: type[T]) -> T:
        """Create a resource; give the draft a key of its own, for creates have no other."""
        answer = await self._api.door.call(
            "POST", self._api.path(type_id), self._trace, body=_encode(draft), accept=()
        )
        return self._api.read(answer, type_, self._trace)

    async def delete(self, reference: Reference, version: int) -> bool:
        """Delete the resource at this version; False if it was gone already."""
        path = f"{self._at(reference)}?version={version}"
        answer = await self._api.door.call("DELETE", path, self._trace)
        return answer.status != 404  # noqa: PLR2004

    def _at(self, reference: Reference) -> str:
        id_ = reference.id
        if not _PLAIN(id_):
            id_ = quote(id_, safe="=")
        return f"{self._api.path(reference.type_id)}/{id_}"

    async def _page(self, type_id: str, parameters: Sequence[tuple[str, str]]) -> Answer:
        path = f"{self._api.path(type_id)}?{urlencode(parameters, quote_via=quote)}"
        return await self._api.door.call("GET", path, self._trace, accept=())

    def _results(self, answer: Answer, type_: type[T]) -> list[T]:
        page = cast("type[_Page[T]]", _Page[type_])  # type: ignore[valid-type]
        return self._api.read(answer, page, self._trace).results

    async def _version(self, reference: Reference) -> int:
        found = await self.get(reference, _Versioned)
        if found is None:
            raise RefusedError(f"commercetools has no {reference}", status=404)
        return found.version

    async def _post(self, update: Update, version: int) -> int:
        body = _encode({"version": version, "actions": update.actions})
        path = self._at(update.resource)
        answer = await self._api.door.call("POST", path, self._trace, body=body, accept=())
        return self._api.read(answer, _Versioned, self._trace).version


def _parameters(
    where: Sequence[str],
    sort: Sequence[str],
    limit: int,
    expand: Sequence[str],
    variables: Mapping[str, str | Sequence[str]],
    *,
    total: bool = False,
) -> list[tuple[str, str]]:
    """Return the parameters of a query, in the order of commercetools' documentation."""
    parameters = [
        *(("where", predicate) for predicate in where),
        *(("sort", order) for order in sort),
        ("limit", str(limit)),
        ("withTotal", "true" if total else "false"),
        *(("expand", path) for path in expand),
    ]
    for name, value in variables.items():
        values = (value,) if isinstance(value, str) else value
        parameters.extend((f"var.{name}", each) for each in values)
    return parameters
