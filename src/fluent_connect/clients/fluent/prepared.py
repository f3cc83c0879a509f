"""Operations ready to be sent: their documents are read once, and never again for a request."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from fluent_connect.clients.fluent.document import Part, take_apart

FOLDER = Path(__file__).with_name("operations")
_START = re.compile(r"^(?:query|mutation)\s+(\w+)", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_KINDS = ("Category", "StandardProduct", "VariantProduct")
_SHARED = frozenset(
    {
        *("category", "categories", "product", "products", "productCatalogue", "productCatalogues"),
        *(f"{kind}Product{s}" for kind in ("standard", "variant", "group") for s in ("", "s")),
        *(f"{verb}{kind}" for verb in ("create", "update") for kind in _KINDS),
        *(f"removeCategoriesFrom{kind}" for kind in _KINDS[1:]),
    }
)
"""Fields about the catalogue. Orders, customers and all else go by themselves."""
encode = msgspec.json.Encoder(decimal_format="number").encode


class Operation(msgspec.Struct, frozen=True):
    """One operation, ready to be sent: all of the body that stands before the variables.

    `part`: how it can stand beside others in one request; None: it goes by itself.
    """

    name: str
    text: str
    head: bytes
    part: Part | None = None

    def body(self, variables: Mapping[str, object]) -> bytes:
        """Return the body of the request."""
        return b"%b%b}" % (self.head, encode(variables))


@lru_cache(maxsize=512)
def prepare(document: str) -> Operation:
    """Return a document of one operation, ready to be sent."""
    start = _START.search(document)
    text = _SPACE.sub(" ", document).strip()
    part = take_apart(document)
    if part is not None and not _SHARED.issuperset(part.fields):
        part = None
    return Operation(start[1] if start else "anonymous", text, head(text), part)


def head(text: str) -> bytes:
    """Return what of a request's body stands before the variables."""
    return b'{"query":' + encode(text) + b',"variables":'


@cache
def operations() -> Mapping[str, Operation]:
    """Return the operations of this package, by name; read once."""
    found: dict[str, Operation] = {}
    for file in sorted(FOLDER.glob("*.graphql")):
        text = "\n".join(
            line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")
        )
        starts = [match.start() for match in _START.finditer(text)]
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            operation = prepare(text[start:end])
            found[operation.name] = operation
    return found
