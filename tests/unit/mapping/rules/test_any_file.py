"""Any file compiles, or its mistakes are told; any value is mapped, or refused with the place."""

import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from fluent_connect.mapping.rules.mapper import Mapper
from fluent_connect.mapping.rules.words import MODIFIERS, OPERATORS
from fluent_connect.model.errors import UnprocessableError
from unit.mapping.rules.filling import Source, mapper, mistakes, order

_WORDS = st.sampled_from(
    [
        "order.id",
        "order.nr",
        "order.custom.fields.a",
        "order.custom.fields",
        "line",
        "line.id",
        "order.lineItems",
        "order.lineItems[*].quantity",
        "order.lineItems[0].id",
        "order.totalPrice",
        "settings.locales",
        "{order.id}",
        "{",
        "item",
        "order",
        "EUR",
        "Europe/Berlin",
        "%Y",
        "5",
        "builtins.len",
        "at-least",
        "(",
        "STRING",
        "text",
        "fluent_connect.mapping.text.fits",
    ]
)
_LEAVES = st.one_of(_WORDS, st.none(), st.booleans(), st.integers(-9, 999), st.floats(-9, 9))
_KEYS = st.sampled_from(
    sorted(
        {*OPERATORS, *MODIFIERS, *(option for each in OPERATORS.values() for option in each)}
        | {
            "*",
            "EUR",
            "order.id",
            "exists",
            "not",
            "all",
            "any",
            "at-least",
            "matches",
            "a",
            "text",
        }
    )
)
_NODES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)
_FILES = st.dictionaries(
    st.sampled_from(["order", "item"]),
    st.dictionaries(
        st.sampled_from(["fields", "attributes"]),
        st.dictionaries(st.sampled_from(["a", "b", "*"]), _NODES, max_size=3),
        min_size=1,
    ),
    min_size=1,
)
_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.sampled_from(["2026-01-01", "2026-13-01", "0001-01-01T00:00:00Z", "1e400", "NaN"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["a", "name", "value", "key", "centAmount", "currencyCode", "de"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


def filled(mapper: Mapper, source: Source) -> tuple[dict[str, object], str | None]:
    """Return what came of it, or nothing and why it was refused."""
    try:
        return mapper.fill("order", source), None
    except UnprocessableError as error:
        return {}, str(error)


def written(value: Any) -> str:
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(value, stream)
    return stream.getvalue()


@settings(max_examples=300)
@given(ours=_FILES, theirs=_FILES)
def test_every_file_compiles_or_tells_its_mistakes(ours: Any, theirs: Any) -> None:
    texts = (written(ours), written(theirs))
    found = mistakes(*texts)
    assert all(each.startswith(("1.yml:", "2.yml:")) for each in found)
    if not found and "order" in {**ours, **theirs}:
        source = order(lineItems=[{}], custom={"fields": {"a": 1}})
        made, refused = filled(mapper(*texts), source)
        assert None not in made.values()
        assert refused is None or ".yml:" in refused


_A = "order.custom.fields.a"
_FIELDS = (
    _A,
    f"{_A}.a",
    f"'{_A}[0]'",
    f"'{_A}[*].a'",
    f"{{ path: {_A}, cut: 3 }}",
    f"{{ path: {_A}, whole: 3, upper: true }}",
    f"{{ path: {_A}, table: {{ a: 1 }}, default: 5 }}",
    f"{{ money: {_A}, as: text }}",
    f"{{ money: {_A} }}",
    f"{{ number: {_A}, times: 1.5, plus: 1, digits: 2 }}",
    f"{{ date: {_A}, zone: Europe/Berlin, format: '%Y' }}",
    f"{{ date: {_A}, zone: America/New_York }}",
    f"{{ localized: {_A} }}",
    f"{{ join: [{_A}, order.id] }}",
    f"{{ text: '{{{_A}}}' }}",
    f"{{ count: {_A} }}",
    f"{{ sum: {_A} }}",
    f"{{ sum: {_A}, as: text }}",
    f"{{ each: {_A}, as: it, rule: it.a }}",
    f"{{ each: {_A}, as: it, where: {{ it.key: a }}, fields: {{ x: it.value }} }}",
    f"{{ when: {{ {_A}: x }}, then: order.id }}",
    f"{{ when: {{ {_A}: {{ at-most: 1 }} }}, then: order.id }}",
    f"{{ when: {{ {_A}: {{ matches: '^a' }} }}, then: order.id }}",
    f"{{ choose: {_A}, cases: {{ '*': order.id }} }}",
)
_ATTRIBUTES = (
    _A,
    f"{{ path: {_A}, type: INTEGER }}",
    f"{{ path: {_A}, type: FLOAT }}",
    f"{{ path: {_A}, type: BOOLEAN }}",
    f"{{ path: {_A}, type: STRING }}",
    f"{{ spread: {_A} }}",
)
_ALONE = [
    mapper(f"order: {{ {part}: {{ x: {rule} }} }}")
    for part, several in (("fields", _FIELDS), ("attributes", _ATTRIBUTES))
    for rule in several
]


@settings(max_examples=150)
@given(value=_JSON)
def test_every_value_is_mapped_or_refused_with_the_place(value: Any) -> None:
    source = order(custom={"fields": {"a": value}})
    for each in _ALONE:
        made, refused = filled(each, source)
        assert refused is None or refused.startswith("1.yml:")
        json.dumps(made, allow_nan=False)
