"""Each golden file says what a mapping makes of a resource; a changed mapping shows field by field.

`UPDATE_GOLDEN=1 pytest tests/golden` writes what the mappings make now: read the diff before you
commit it.
"""

import os

import pytest

from golden.goldens import Golden, differences, goldens, made, text, violations

UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
ALL = list(goldens())


@pytest.mark.parametrize("golden", ALL, ids=[each.name for each in ALL])
def test_a_resource_becomes_what_its_golden_file_says(golden: Golden) -> None:
    found = made(golden)
    if UPDATE:
        _write(golden, found)
        return
    expected = {name: golden.held[name] for name in ("output", "error") if name in golden.held}
    lines = differences(expected, found)
    if lines:
        told = "\n  ".join([f"{golden.name}: {golden.held['about']}", *lines])
        pytest.fail(f"{told}\n(- was, + is new, ~ changed)", pytrace=False)
    if "output" in found:
        assert violations(golden) == []


def _write(golden: Golden, found: dict[str, object]) -> None:
    kept = {name: value for name, value in golden.held.items() if name not in {"output", "error"}}
    golden.path.write_text(text({**kept, **found}) + "\n", "utf-8")


def test_a_difference_is_told_by_the_path_of_its_field() -> None:
    before = {"create": {"items": [{"ref": "a", "price": 1.0}, {"ref": "b", "price": 2}]}}
    after = {"create": {"items": [{"ref": "a", "price": 1.5}, {"ref": "b", "price": 2.0}]}}
    assert differences(before, after) == [
        "~ create.items[a].price: 1.0 -> 1.5",
        "~ create.items[b].price: 2 -> 2.0",
    ]


def test_a_field_that_came_or_went_is_told() -> None:
    assert differences({"a": 1, "c": None}, {"b": [2], "c": None}) == ["- a: 1", "+ b[0]: 2"]


def test_another_order_is_a_difference() -> None:
    assert differences({"a": [{"ref": "x"}, {"ref": "y"}]}, {"a": [{"ref": "y"}, {"ref": "x"}]})
