import pytest
from graphql import build_schema, parse, validate

from fluent_connect.clients.fluent.document import Part, take_apart, together
from fluent_connect.clients.fluent.prepared import operations, prepare
from fluent_connect.sandbox.fluent.execution import graph

SCHEMA = build_schema(
    """
    type Query { a(ref: String, n: Int): A b: Int many(first: Int, ref: [String]): AConnection }
    type A { ref: String many(first: Int): AConnection }
    type AConnection { edges: [AEdge] pageInfo: PageInfo }
    type AEdge { node: A cursor: String }
    type PageInfo { hasNextPage: Boolean }
    """
)
SHARED = sorted(name for name, each in operations().items() if each.part)


def part(document: str) -> Part:
    found = take_apart(document)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "document",
    [
        "query q($r: String, $n: Int = 3) { a(ref: $r, n: $n) { ref } b }",
        "query q($r: [String]) { it: many(ref: $r) { edges { node { ref } } } x: b }",
        "query ($r: String) { a(ref: $r) { ref } }",
        'query q($n: Int) { a(ref: "a $n \\" { text", n: $n) { ref } # a { comment $n\n }',
        "query q($y: Boolean!, $r: String) { a(ref: $r) @include(if: $y) { ref } }",
    ],
)
def test_what_stands_together_is_valid_and_asks_the_same(document: str) -> None:
    joined = parse(together(part(document), "joined", 3))

    assert validate(SCHEMA, parse(document)) == []
    assert validate(SCHEMA, joined) == []
    roots = list(part(document).roots)
    (operation,) = joined.definitions
    named = [each.alias.value for each in operation.selection_set.selections]  # type: ignore[attr-defined]
    assert named == [f"{root}_{number}" for number in range(3) for root in roots]


@pytest.mark.parametrize(
    "document",
    [
        "query q { ...All } fragment All on Query { b }",
        "query q { ... on Query { b } }",
        "query one { b } query two { b }",
        "query q @live { b }",
        "subscription s { b }",
        "{ b }",
        "query q { b",
        "",
    ],
)
def test_what_cannot_stand_beside_others_goes_by_itself(document: str) -> None:
    assert take_apart(document) is None
    assert prepare(document).part is None


@pytest.mark.parametrize(
    ("document", "weight"),
    [
        ("query q { b }", 0),
        ("query q { a { ref } }", 1),
        ("query q { many(first: 7) { edges { node { ref } } pageInfo { hasNextPage } } }", 7),
        ("query q { many { edges { node { ref } } } }", 10),
        ("query q { many(first: 9000) { edges { node { ref } } } }", 5000),
        ("query q($n: Int) { many(first: $n) { edges { node { ref } } } }", 4),
        ("query q($o: Int) { many(first: $o) { edges { node { ref } } } }", 10),
        ("query q { a { many(first: 5) { edges { node { ref } } } } }", 6),
        (
            "query q { many(first: 3) { edges { node { many(first: 5) { edges { cursor } } } } } }",
            18,
        ),
    ],
)
def test_pages_within_pages_multiply(document: str, weight: int) -> None:
    assert part(document).weight({"n": 4}) == weight


@pytest.mark.parametrize("name", SHARED)
def test_twenty_of_each_shared_operation_are_valid_and_no_heavier_than_fluent_allows(
    name: str,
) -> None:
    operation = operations()[name]
    assert operation.part is not None

    document = graph().document(together(operation.part, name, 20))

    assert not document.errors
    assert document.weight is not None
    variables: dict[str, object] = {f"most_{number}": 2 for number in range(20)}
    if not name.startswith("categoriesOf"):
        assert document.weight(variables) <= 11_111
        assert document.weight(variables) <= 1 + 20 * operation.part.weight({"most": 2})


def test_nothing_of_orders_or_customers_is_shared() -> None:
    shared = " ".join(SHARED).lower()

    assert "createStandardProduct" in SHARED
    for word in ("order", "customer", "payment", "transaction", "fulfilment", "setting"):
        assert word not in shared
