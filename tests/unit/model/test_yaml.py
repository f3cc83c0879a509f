import pytest

from fluent_connect.model.yaml import Leaf, Place, Table, plain, read


def test_every_key_and_value_knows_its_place() -> None:
    root = read("a:\n  b: 1\n", "f.yml").root
    assert isinstance(root, Table)
    inner = root.entries["a"]
    assert isinstance(inner, Table)
    assert inner.keys["b"] == Place("f.yml", 2, 3)
    assert inner.entries["b"] == Leaf("1", Place("f.yml", 2, 6), kind="int")
    assert str(Place("f.yml", 2, 6)) == "f.yml:2:6"
    assert str(Place("env X")) == "env X"


def test_values_stay_as_they_were_written() -> None:
    text = "{a: 007, b: no, c: 1:30, d: 2020-01-01, e: ~, f: 'null', g: TRUE, h: [1.50]}"
    assert plain(read(text, "f").root) == {
        "a": "007",
        "b": "no",
        "c": "1:30",
        "d": "2020-01-01",
        "e": None,
        "f": "null",
        "g": "TRUE",
        "h": ["1.50"],
    }


def test_anchors_and_merge_keys_are_followed() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {z: 3}\nc: {<<: [*a, *b], y: 2}\nd: {<<: *a}\n"
    read_back = plain(read(text, "f").root)
    assert read_back["c"] == {"x": "1", "y": "2", "z": "3"}
    assert read_back["d"] == {"x": "1", "y": "1"}


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "first in line 1"),
        ("a: &a [*a]", 1, 4, "contains itself"),
        ("a: !secret x", 1, 4, "!secret"),
        ("~: 1", 1, 1, "plain word"),
        ("[a]: 1", 1, 1, "plain word"),
        ("a: {<<: 1}", 1, 9, "takes a table"),
        ("--- 1\n--- 2", 2, 1, "another document"),
        ("a: 'x", 1, 4, "end of stream"),
        ("a: \x00", 1, 1, "unacceptable character"),
    ],
)
def test_what_is_wrong_has_its_place(text: str, line: int, column: int, what: str) -> None:
    [fault] = read(text, "f").faults
    assert (fault.place.line, fault.place.column) == (line, column)
    assert what in fault.what
    assert fault.fix


def test_nothing_is_a_document_without_root() -> None:
    assert read("# only a comment\n", "f").root is None
    assert plain(None) is None
