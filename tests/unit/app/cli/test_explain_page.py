"""The page about `explain` shows what the command prints, and names every verdict."""

import re
from pathlib import Path

from unit.app.cli.shelf import Shell

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "explain-an-order.md"
_AGE = re.compile(r"\(\d+\w ago\)")


def test_the_output_on_the_page_is_what_the_command_prints(full: Shell) -> None:
    page = PAGE.read_text()
    block = page.partition("```text\n")[2].partition("```")[0]
    printed = full.there("explain", "order", "1002", "--offline").out
    lines = [_AGE.sub("", line).rstrip() for line in printed.splitlines()]
    expected = [_AGE.sub("", line).rstrip() for line in block.splitlines()]
    places = [lines.index(line) for line in expected if line.strip() not in {"", "..."}]
    assert places == sorted(places)
    assert len(places) > 15


def test_every_common_verdict_is_on_the_page() -> None:
    page = PAGE.read_text()
    room = PAGE.parents[2] / "src" / "fluent_connect" / "app" / "explain"
    texts = [(room / name).read_text() for name in ("verdict.py", "told.py")]
    begins = {word for text in texts for word in re.findall(r'text=f?"([A-Z][A-Z ]+[A-Z])\b', text)}
    assert len(begins) > 8
    assert [word for word in begins if word not in page and word != "RUNNING"] == []
