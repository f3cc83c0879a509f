"""Which requests only read. Whatever is not known to read counts as a write."""

from functools import lru_cache
from urllib.parse import urlsplit

import msgspec
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from fluent_connect.clients.transport import Request

_READING = frozenset({"GET", "HEAD"})
_SIGN_IN = "/oauth/token"
_GRAPHQL = "/graphql"
_SEARCH = "/search"


class _Asked(msgspec.Struct):
    query: str


_asked = msgspec.json.Decoder(_Asked)


def signs_in(request: Request) -> bool:
    """Say whether a request asks for a token."""
    return urlsplit(request.url).path.endswith(_SIGN_IN)


def reads(request: Request) -> bool:
    """Say whether a request changes nothing: a GET, a search, a GraphQL query."""
    if request.method in _READING:
        return True
    path = urlsplit(request.url).path
    if request.method != "POST":
        return False
    return path.endswith(_SEARCH) or (path.endswith(_GRAPHQL) and _queries(request.body))


def document(request: Request) -> str:
    """Return the GraphQL document in a request; "" if there is none."""
    try:
        return _asked.decode(request.body or b"").query
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _queries(body: bytes | None) -> bool:
    try:
        return _only_queries(_asked.decode(body or b"").query)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


@lru_cache(maxsize=512)
def _only_queries(text: str) -> bool:
    try:
        nodes = parse(text).definitions
    except GraphQLError:
        return False
    found = [node.operation for node in nodes if isinstance(node, OperationDefinitionNode)]
    return bool(found) and all(each is OperationType.QUERY for each in found)
