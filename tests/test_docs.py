"""Every snippet in README.md and docs/ is what it says: it loads, it imports, it is a command.

A snippet whose info string ends in `wrong` shows a mistake on purpose, and is left alone.
"""

import re
import shlex
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from fluent_connect.app.cli import COMMANDS
from fluent_connect.app.config import placeholders
from fluent_connect.app.config.load import examine, load
from fluent_connect.app.config.mistakes import errors
from fluent_connect.app.discovery import discover
from fluent_connect.app.handlers import is_handler, is_job, is_receiver
from fluent_connect.app.mapping_checks import mapping_mistakes
from unit.app.conftest import ENVIRON

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\s*(?:\$ )?(?:\S*/)?fluent-connect(?:\s+(.*))?$")
_FILES = {"fluent-connect": "application-connector.yml", "fluentcommerce": "application.yml"}


class Snippet(NamedTuple):
    """A fenced block of a document, and where it stands."""

    place: str
    language: str
    text: str


def snippets(*languages: str) -> list[Snippet]:
    """Return the blocks of some languages in all documents."""
    return [each for each in _all() if each.language in languages]


def _all() -> Iterator[Snippet]:
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        for found in _FENCE.finditer(text):
            indent, language, info, body = found.groups()
            if info.split()[-1:] == ["wrong"]:
                continue
            line = text.count("\n", 0, found.start()) + 1
            plain = "\n".join(each.removeprefix(indent) for each in body.splitlines())
            yield Snippet(f"{file.relative_to(ROOT)}:{line}", language, plain + "\n")


def _place(snippet: Snippet) -> str:
    return snippet.place


def _root(snippet: Snippet) -> str | None:
    """Return which of our files a block of YAML is of, by the key that it begins with."""
    roots = (root for root in _FILES if re.search(rf"^{root}:", snippet.text, re.MULTILINE))
    return next(roots, None)


_CONFIGURATION = [each for each in snippets("yaml", "yml") if _root(each)]


@pytest.mark.parametrize("snippet", _CONFIGURATION, ids=_place)
def test_configuration_in_the_documents_loads(snippet: Snippet, tmp_path: Path) -> None:
    (tmp_path / _FILES[str(_root(snippet))]).write_text(snippet.text, encoding="utf-8")
    found = errors(examine(tmp_path, (), _variables(snippet.text)).mistakes)
    assert not found, "\n".join(str(each) for each in found)


_MAPPED = re.compile(r"# (mapping/\w+\.yml)\n")
_MAPPINGS = [each for each in snippets("yaml", "yml") if _MAPPED.match(each.text)]


@pytest.mark.parametrize("snippet", _MAPPINGS, ids=_place)
def test_mapping_files_in_the_documents_compile(snippet: Snippet, tmp_path: Path) -> None:
    name = _MAPPED.match(snippet.text)
    assert name is not None
    file = tmp_path / name[1]
    file.parent.mkdir()
    file.write_text(snippet.text, encoding="utf-8")
    config = load(tmp_path, (), ENVIRON)
    assert config.mapping.files == (file,)
    found = mapping_mistakes(config, discover(config.packages, config.paths))
    assert not found, "\n".join(str(each) for each in found)


def _variables(text: str) -> Mapping[str, str]:
    """Return an account, and a value for each placeholder that has no default."""
    return dict.fromkeys(placeholders.names(text), "x") | ENVIRON


@pytest.mark.parametrize("snippet", snippets("python", "py"), ids=_place)
def test_python_in_the_documents_runs(snippet: Snippet) -> None:
    code = compile(snippet.text, snippet.place, "exec", dont_inherit=True)
    if not re.search(r"^class ", snippet.text, re.MULTILINE):
        return
    module = types.ModuleType("snippet")
    exec(code, vars(module))
    made = [each for each in vars(module).values() if getattr(each, "__module__", "") == "snippet"]
    judges = (is_handler, is_job, is_receiver)
    ours = re.search(r"\((MessageHandler|\w+Handler|JobHandler|CTExternal\w+)\b", snippet.text)
    assert not ours or any(judge(each) for each in made for judge in judges)


@pytest.mark.parametrize("snippet", snippets("sh", "bash", "shell", "console"), ids=_place)
def test_commands_in_the_documents_exist(snippet: Snippet) -> None:
    for line in snippet.text.replace("\\\n", " ").splitlines():
        found = _COMMAND.match(line)
        if found is None:
            continue
        words = shlex.split(found[1] or "--help", comments=True)
        assert words[0] in COMMANDS or words[0].startswith("-"), f"{snippet.place}: {line}"
