"""GraphQL: documents are parsed, validated and weighed once, then executed without awaiting."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    execute_sync,
    get_named_type,
    is_composite_type,
    parse,
    validate,
)

from fluent_connect.sandbox.fluent.connections import DEFAULT_PAGE, LARGEST_PAGE
from fluent_connect.sandbox.fluent.editions import Edition, schema
from fluent_connect.sandbox.fluent.errors import RefusedMutationError
from fluent_connect.sandbox.fluent.inputs import Limits
from fluent_connect.sandbox.fluent.mutations import MUTATIONS, resolver
from fluent_connect.sandbox.fluent.queries import FIELDS, PLAIN, QUERIES, not_implemented
from fluent_connect.sandbox.fluent.session import Session

_REQUIRED = re.compile("was not provided|to be provided|required field|must not be null")
_EMBEDDED = {"Attribute", "Price", "TaxType", "PageInfo", "AmountType"}
_CACHED = 2000
_NOUNS = {"categories": "CATEGORY", "me": ""}
Weight = Callable[[Mapping[str, Any]], int]
N = TypeVar("N", bound=Node)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A request's text, understood: its tree or what is wrong with it, and its root fields."""

    tree: DocumentNode | None
    errors: Sequence[GraphQLError] = ()
    roots: Sequence[str] = ()
    keys: Sequence[str] = ()
    """What the root fields are called in the answer: their aliases."""
    kind: str = "query"
    weight: Weight | None = None


class Graph:
    """The schema with its resolvers, and the documents that were seen."""

    def __init__(self, edition: Edition, requires: str) -> None:
        self.schema = schema(edition, requires)
        self._documents: dict[str, Document] = {}
        _resolve(self.schema)

    def document(self, text: str) -> Document:
        """Return what a request's text says."""
        found = self._documents.get(text)
        if found is None:
            found = self._understand(text)
            if len(self._documents) >= _CACHED:
                self._documents.clear()
            self._documents[text] = found
        return found

    def execute(
        self, document: Document, variables: Mapping[str, Any], name: str | None, session: Session
    ) -> ExecutionResult:
        """Execute a document whole: errors of one field leave the others alone."""
        if document.tree is None:
            return ExecutionResult(None, list(document.errors))
        weight = document.weight(variables) if document.weight else 0
        if weight > session.knobs.complexity:
            limit = session.knobs.complexity
            text = f"Query is too complex: {weight}, at most {limit} allowed."
            return ExecutionResult(None, [RefusedMutationError("C0001E", text)])
        turned = session.knobs.backwards and document.kind == "mutation"
        result = execute_sync(
            self.schema,
            _backwards(document.tree) if turned else document.tree,
            context_value=session,
            variable_values=dict(variables),
            operation_name=name,
        )
        for one in result.errors or ():
            if not one.path and _REQUIRED.search(one.message):
                one.extensions = {**(one.extensions or {}), "code": "C0140E"}
        return result

    def _understand(self, text: str) -> Document:
        try:
            tree = parse(text, no_location=True)
        except GraphQLError as error:
            return Document(tree=None, errors=[error])
        errors = validate(self.schema, tree)
        for one in errors:
            one.extensions = {"classification": "ValidationError", **(one.extensions or {})}
        operation = next(
            (node for node in tree.definitions if isinstance(node, OperationDefinitionNode)), None
        )
        if errors or operation is None:
            return Document(tree=None, errors=errors)
        kind = operation.operation.value
        fields = [
            node for node in operation.selection_set.selections if isinstance(node, FieldNode)
        ]
        roots = [node.name.value for node in fields]
        keys = [(node.alias or node.name).value for node in fields]
        weight = _Weigher(self.schema, tree).weigh(operation)
        return Document(tree=tree, roots=roots, keys=keys, kind=kind, weight=weight)


def _backwards(tree: DocumentNode) -> DocumentNode:
    """Return a document whose mutations stand from the last to the first."""
    turned = [
        _with(node, selection_set=_with(held, selections=held.selections[::-1]))
        for node in tree.definitions
        if isinstance(node, OperationDefinitionNode) and (held := node.selection_set)
    ]
    rest = [node for node in tree.definitions if not isinstance(node, OperationDefinitionNode)]
    return _with(tree, definitions=(*turned, *rest))


def _with(node: N, **fields: object) -> N:
    """Return a copy of a node, which may be frozen, with other fields."""
    made = copy.copy(node)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


@cache
def graph(edition: Edition = "whole", requires: str = "") -> Graph:
    """Return the one graph of this process for a schema: no data, only what it understood."""
    return Graph(edition, requires)


def _resolve(schema: GraphQLSchema) -> None:
    """Give every field that leads to another entity its resolver, or one that refuses."""
    limits = Limits(schema)
    query, mutation = schema.query_type, schema.mutation_type
    for name, field in query.fields.items() if query else ():
        inner = QUERIES.get(name)
        field.resolve = _permitted(name, inner) if inner else not_implemented(name)
    for name, field in mutation.fields.items() if mutation else ():
        known = MUTATIONS.get(name)
        field.resolve = resolver(name, known, limits) if known else not_implemented(name)
    for type_ in schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_ in (query, mutation):
            continue
        if type_.name.endswith(("Connection", "Edge")) or type_.name.startswith("__"):
            continue
        for name, field in type_.fields.items():
            inner = FIELDS.get(type_.name, {}).get(name)
            named = get_named_type(field.type)
            plain = named.name in _EMBEDDED or (type_.name, name) in PLAIN
            if inner or (is_composite_type(named) and not plain):
                field.resolve = inner or not_implemented(f"{type_.name}.{name}")


def _permitted(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    """Let a query pass that the user may see."""
    noun = _NOUNS.get(name, name.removesuffix("ById").removesuffix("s").upper())
    if not noun:
        return inner

    def resolve(value: Any, info: Any, **arguments: Any) -> Any:
        info.context.need(f"{noun}_VIEW")
        return inner(value, info, **arguments)

    return resolve


class _Weigher:
    """Weighs a request: each entity read is one, pages of nested connections multiply."""

    def __init__(self, schema: GraphQLSchema, tree: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            one.name.value: one
            for one in tree.definitions
            if isinstance(one, FragmentDefinitionNode)
        }

    def weigh(self, operation: OperationDefinitionNode) -> Weight:
        root = self._schema.get_root_type(operation.operation)
        parts = self._selections(operation.selection_set, root)
        return lambda variables: 1 + sum(part(variables) for part in parts)

    def _selections(self, selections: SelectionSetNode | None, type_: Any) -> list[Weight]:
        parts: list[Weight] = []
        for one in selections.selections if selections else ():
            if isinstance(one, FieldNode):
                part = self._field(one, type_)
                parts += [part] if part else []
            elif isinstance(one, FragmentSpreadNode):
                fragment = self._fragments[one.name.value]
                on = self._schema.get_type(fragment.type_condition.name.value)
                parts += self._selections(fragment.selection_set, on)
            else:
                condition = getattr(one, "type_condition", None)
                on = self._schema.get_type(condition.name.value) if condition else type_
                parts += self._selections(one.selection_set, on)  # type: ignore[attr-defined]
        return parts

    def _field(self, node: FieldNode, type_: Any) -> Weight | None:
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return None
        field = type_.fields.get(node.name.value)
        if field is None or not is_composite_type(get_named_type(field.type)):
            return None
        inner = get_named_type(field.type)
        parts = self._selections(node.selection_set, inner)
        if inner.name.endswith("Connection"):
            size = _size(node)
            return lambda names: size(names) * (1 + sum(part(names) for part in parts))
        own = (
            0 if inner.name in _EMBEDDED or inner.name.endswith("Edge") or not field.resolve else 1
        )
        if node.name.value == "node" or (not own and not parts):
            own = 0
        return lambda names: own + sum(part(names) for part in parts)


def _size(node: FieldNode) -> Weight:
    """Return how many a connection may read."""
    for argument in node.arguments or ():
        if argument.name.value == "first":
            value = argument.value
            if isinstance(value, IntValueNode):
                size = min(int(value.value), LARGEST_PAGE)
                return lambda _: size
            if isinstance(value, VariableNode):
                name = value.name.value
                return lambda names: min(int(names.get(name) or DEFAULT_PAGE), LARGEST_PAGE)
    return lambda _: DEFAULT_PAGE
