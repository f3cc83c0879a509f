"""Both databases take every statement that there is; found by looking, so none is forgotten."""

import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

import msgspec
import pytest

from fluent_connect import journal
from fluent_connect.model.fact import Fact, Settled, Statement
from unit.journal.books import Books

KINDS: Sequence[type[msgspec.Struct]] = typing.get_args(Fact)


def _sample(kind: object, name: str) -> object:
    """Return a value of a type; of a choice, the first that is not None."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return _sample(next(each for each in inner if each is not types.NoneType), name)
    if origin is typing.Literal:
        return inner[0]
    if origin is tuple:
        return tuple(_sample(each, name) for each in inner)
    if origin is not None:
        return (_sample(inner[0], name),)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _made(kind)
    plain: dict[object, object] = {str: "a", int: 1, float: 1.5, bytes: b"[]", bool: True}
    return "waiting" if name in {"state", "states"} else plain[kind]


def _made(kind: type[msgspec.Struct]) -> msgspec.Struct:
    hints = typing.get_type_hints(kind)
    return kind(**{name: _sample(hints[name], name) for name in kind.__struct_fields__})


def _searches() -> Iterator[tuple[str, Callable[..., Statement]]]:
    """Yield each public function of the journal that returns a statement."""
    for module in pkgutil.iter_modules(journal.__path__):
        loaded = import_module(f"{journal.__name__}.{module.name}")
        for name, made in inspect.getmembers(loaded, inspect.isfunction):
            ours = made.__module__ == loaded.__name__ and not name.startswith("_")
            if ours and typing.get_type_hints(made).get("return") is Statement:
                yield f"{module.name}.{name}", made


SEARCHES = dict(_searches())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_every_fact_is_remembered(books: Books, kind: type[Fact]) -> None:
    books.remember(typing.cast("Fact", _made(kind)))
    books.remember(typing.cast("Fact", _made(kind)))


def test_a_repeat_is_set_aside(books: Books) -> None:
    books.receive("a")
    books.remember(Settled("a", "superseded", "duplicate of k", 1.5, 1))
    assert books.column("SELECT what FROM aside") == ["repeat"]


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("given", ["all", "none"])
def test_every_search_is_taken(books: Books, name: str, given: str) -> None:
    made = SEARCHES[name]
    hints = typing.get_type_hints(made)
    values = {
        each.name: _sample(hints[each.name], each.name)
        for each in inspect.signature(made).parameters.values()
        if given == "all" or each.default is inspect.Parameter.empty
    }
    books.rows(made(**values))
    books.receive("a")
    books.listen("a")
    books.rows(made(**values))
