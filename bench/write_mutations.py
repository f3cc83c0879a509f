"""Write `clients/fluent/operations/mutations.graphql`: one operation for each mutation.

Run it after a change of `model/fluent.graphql`: `.venv/bin/python bench/write_mutations.py`.
"""

from pathlib import Path

from graphql import GraphQLObjectType, build_schema, get_named_type

PACKAGE = Path(__file__).parents[1] / "src" / "fluent_connect"
HEAD = """\
# One operation for each mutation of model/fluent.graphql, returning id, ref, username and status
# where there are such fields. Written by bench/write_mutations.py; not by hand.
"""
ASKED = ("id", "ref", "username", "status")


def main() -> None:
    schema = build_schema((PACKAGE / "model" / "fluent.graphql").read_text("utf-8"))
    mutations = schema.mutation_type
    assert mutations is not None
    lines = [HEAD]
    for name, field in mutations.fields.items():
        made = get_named_type(field.type)
        fields = made.fields if hasattr(made, "fields") else {}
        asked = " ".join(f for f in ASKED if f in fields) or "__typename"
        argument = field.args["input"].type
        lines.append(
            f"mutation {name}($input: {argument}) {{ {name}(input: $input) {{ {asked} }} }}"
        )
        assert isinstance(made, GraphQLObjectType) or asked
    target = PACKAGE / "clients" / "fluent" / "operations" / "mutations.graphql"
    target.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
