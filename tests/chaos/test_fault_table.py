"""The table of faults is whole, names tests that are there, and is the one in the documents."""

import re
from pathlib import Path

import pytest

from chaos.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "fault-tests.md"
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_each_of_the_48_stands_there_once() -> None:
    assert [each.id for each in FAULTS] == [f"T{number:02}" for number in range(1, 49)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.id)
def test_what_brings_it_about_is_there(fault: Fault) -> None:
    for word in fault.run:
        if word.startswith("make:"):
            assert word.removeprefix("make:") in TARGETS
            continue
        file, _, name = word.partition("::")
        assert (ROOT / file).exists()
        if name:
            text = (ROOT / file).read_text()
            assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), word


def test_the_page_shows_this_table() -> None:
    assert table() in PAGE.read_text(), f"write this into {PAGE}:\n{table()}"


def table() -> str:
    """Return the table as the page has it."""
    lines = ["| | fault | what brings it about | what must hold |", "| --- | --- | --- | --- |"]
    for each in FAULTS:
        what = "<br>".join(f"`{_short(word)}`" for word in each.run) or "-"
        lines.append(f"| {each.id} | {each.name} | {what} | {each.holds} |")
    return "\n".join(lines)


def _short(word: str) -> str:
    if word.startswith("make:"):
        return f"make {word.removeprefix('make:')}"
    return word.removeprefix("tests/")
