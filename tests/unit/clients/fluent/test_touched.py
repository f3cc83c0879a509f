from fluent_connect.clients.fluent.model import Event, Mutation, Upsert
from fluent_connect.clients.fluent.touched import independent, of_mutation
from unit.clients.fluent.company import CATALOGUE, category, order, standard, variant


def test_a_mutation_names_what_it_is_about_and_what_it_needs() -> None:
    key = {"ref": "P", "catalogue": CATALOGUE}
    given = {
        "ref": "V",
        "catalogue": CATALOGUE,
        "product": key,
        "categories": [{"ref": "a", "catalogue": CATALOGUE}],
        "attributes": [{"name": "ref", "value": {"ref": "none"}}],
    }

    assert of_mutation("createVariantProduct", given) == (
        ("product", "V"),
        frozenset({("product", "P"), ("category", "a")}),
    )
    removal = {"variantProduct": key, "categories": [{"ref": "a", "catalogue": CATALOGUE}]}
    assert of_mutation("removeCategoriesFromVariantProduct", removal) == (
        ("product", "P"),
        frozenset({("category", "a")}),
    )


def test_a_products_variants_are_one_run_after_the_product() -> None:
    changes = [standard("P", "a"), variant("V1", "P"), variant("V2", "P"), variant("V3", "P")]

    assert list(independent(changes)) == [changes[:1], changes[1:]]


def test_what_needs_another_of_the_run_begins_a_new_one() -> None:
    root, child, other = category("root"), category("child", "root"), category("other")

    assert list(independent([root, child, other])) == [[root], [child, other]]
    assert list(independent([child, root])) == [[child], [root]]
    assert list(independent([other, other])) == [[other], [other]]
    assert list(independent([other, standard("P"), root])) == [[other], [standard("P")], [root]]


def test_only_upserts_of_the_catalogue_are_brought_about_together() -> None:
    event = Event(name="X", entity_type="ORDER")
    customers = [Upsert(entity="customer", ref=ref) for ref in "ab"]
    changes = [order("1"), order("2"), *customers, Mutation("createOrder", {}), event, event]

    assert list(independent(changes)) == [[each] for each in changes]
    assert list(independent([])) == []
