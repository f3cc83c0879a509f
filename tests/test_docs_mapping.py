"""The screens in docs/how-to/try-a-mapping.md are what the commands print on the sandbox's traffic.

A screen may leave lines out. Numbers and the places of our own rules may differ.
"""

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from e2e.harness import Inside, change, settled, told
from fluent_connect.app.cli import main
from fluent_connect.app.playground import variables
from fluent_connect.sandbox.servers import Options, Sandbox

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "try-a-mapping.md"
_FENCE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_WIDTH = "120"


def screens() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the page, and the lines that it is said to print."""
    for block in _FENCE.findall(PAGE.read_text(encoding="utf-8")):
        command = ""
        lines: list[str] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, lines
                command, lines = line.removeprefix("$ fluent-connect "), []
            elif line:
                lines.append(line)
        yield command, lines


SCREENS = [each for each in screens() if each[0].startswith("map ")]


def shape(line: str) -> str:
    """Return a line without what differs from run to run: numbers and how columns are spaced."""
    return " ".join(re.sub(r"\d+", "0", line).split())


def test_the_page_shows_every_use() -> None:
    assert [shlex.split(command)[1] for command, _ in SCREENS] == ["try"] * 5 + ["replay"]


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """Leave in a folder what the page speaks of: files, a store, another mapping."""
    async with Sandbox(Options(customers=2, orders=2)) as sandbox:
        scan = sandbox.commercetools.project.scan
        for kind in ("order", "category", "payment"):
            first = next(iter(scan(kind)))
            (tmp_path / f"{kind}.json").write_text(json.dumps(first))
        bodies = [change("category", each["id"]) for each in scan("category")]
        bodies += [told("OrderCreated", "order", each["id"]) for each in scan("order")]
        async with Inside(sandbox, tmp_path / "var") as service:
            for body in bodies:
                assert await service.post(body) == 202
            await settled(tmp_path / "var", len(bodies))
        mapping = tmp_path / "conf-new" / "mapping"
        mapping.mkdir(parents=True)
        found = _YAML.search(PAGE.read_text(encoding="utf-8"))
        assert found is not None
        (mapping / "category.yml").write_text(found[1])
        for name, value in variables(sandbox).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", _WIDTH)
        monkeypatch.chdir(tmp_path)
        yield tmp_path
        structlog.reset_defaults()


@pytest.mark.usefixtures("desk")
async def test_the_screens_are_what_the_commands_print(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command, lines in SCREENS:
        capsys.readouterr()
        await asyncio.to_thread(main, shlex.split(command))
        ran = capsys.readouterr()
        printed = [shape(line) for line in (*ran.err.splitlines(), *ran.out.splitlines())]
        missing = [line for line in lines if shape(line) not in printed]
        assert missing == [], f"{command}\n{ran.err}{ran.out}"
        places = [printed.index(shape(line)) for line in lines if "  " not in line.strip()]
        assert places == sorted(places), command


def test_the_lines_of_a_dry_run_have_the_shape_that_the_page_shows() -> None:
    (lines,) = (lines for command, lines in screens() if command.startswith("run --dry-run"))
    shapes = (
        r"dry run: nothing is written; its store is \S+",
        r"SANDBOX  create\w+ \S+  new: \d+ fields",
        r"dry run: \d+ messages: (\d+ \w+(, )?)+",
        r"not sent: (\d+ \w+(, )?)+",
    )
    assert [line for line in lines if not any(re.fullmatch(one, line) for one in shapes)] == []
