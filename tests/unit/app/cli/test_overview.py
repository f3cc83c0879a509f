"""The face of the command line: help, suggestions, exit codes, what is imported when."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_command

from fluent_connect.app.cli import COMMANDS
from fluent_connect.app.cli.errors import ERRORS, EXITS
from unit.app.cli.shelf import Shell

ROOT = Path(__file__).parents[4]
REFERENCE = ROOT / "docs" / "reference" / "cli.md"
TYPOS = {
    "rum": "run",
    "ruun": "run",
    "dmeo": "demo",
    "sandbx": "sandbox",
    "sanbdox": "sandbox",
    "chek": "check",
    "chekc": "check",
    "confg": "config",
    "conifg": "config",
    "configs": "config",
    "docter": "doctor",
    "doctr": "doctor",
    "route": "routes",
    "rotues": "routes",
    "triger": "trigger",
    "tirgger": "trigger",
    "event": "events",
    "evnets": "events",
    "evnts": "events",
    "daed": "dead",
    "ded": "dead",
    "puase": "pause",
    "pasue": "pause",
    "resum": "resume",
    "reusme": "resume",
    "leger": "ledger",
    "legder": "ledger",
    "erse": "erase",
    "bakcup": "backup",
    "verison": "version",
}


def words_of(name: str) -> list[tuple[str, ...]]:
    """Return a command with each of its subcommands."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    made = getattr(import_module(f"fluent_connect.app.cli.{module}"), attribute or "app")
    below = getattr(get_command(made), "commands", {})
    return [(name, sub) for sub in below] or [(name,)]


EVERY = [words for name in COMMANDS for words in words_of(name)]


def test_help_fits_a_screen_and_starts_with_two_examples(shell: Shell) -> None:
    ran = shell("--help")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert len(lines) <= 40
    assert all(len(line) <= 90 for line in lines)
    assert lines[0] == "Examples:"
    assert all(line.startswith("  fluent-connect ") for line in lines[1:3])


def test_help_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys; from fluent_connect.app.cli import main; main(['--help']);"
        "print(sorted({'typer', 'msgspec', 'rich', 'pydantic', 'asyncio'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_each_command_has_help_that_starts_with_an_example(
    shell: Shell, words: tuple[str, ...]
) -> None:
    ran = shell(*words, "--help")
    assert ran.code == 0
    assert ran.out.startswith("Examples:\n  fluent-connect ")
    assert "--json" in ran.out or words == ("run",)


def test_help_of_a_word_is_the_help_of_the_command(shell: Shell) -> None:
    assert shell("help", "ledger").out == shell("ledger", "--help").out
    assert shell("help").out == shell().out == shell("--help").out


def test_typos_are_understood(shell: Shell) -> None:
    right = [word for typo, word in TYPOS.items() if f'mean "{word}"?' in shell(typo).err]
    assert len(right) >= 27
    assert shell("daed").code == 2


def test_a_wrong_word_below_a_group_is_understood(shell: Shell) -> None:
    ran = shell("events", "lst")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("CLI001  there is no command 'events lst'")
    assert 'did you mean "list"?' in ran.err


def test_a_wrong_option_is_understood(shell: Shell) -> None:
    ran = shell("events", "list", "--sate", "dead")
    assert ran.code == 2
    assert ran.err.startswith("CLI002  ")
    assert 'did you mean "--state"?' in ran.err


def test_a_missing_argument_is_named(shell: Shell) -> None:
    ran = shell("events", "show")
    assert ran.code == 2
    assert "'ID'" in ran.err


def test_a_group_alone_shows_its_help(shell: Shell) -> None:
    ran = shell("dead")
    assert ran.code == 0
    assert "retry" in ran.out


def test_a_bug_shows_its_traceback_and_ends_with_70(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMMANDS, "version", ("masking", "no command at all"))
    ran = shell("version")
    assert ran.code == 70
    assert "Traceback" in ran.err
    assert "CLI070" in ran.err
    with pytest.raises(AttributeError):
        shell("version", "--debug")


def test_version_tells_what_runs(shell: Shell) -> None:
    told = shell("version", "--json").rows[0]
    assert told["fluent-connect"]
    assert told["sqlite"].count(".") == 2
    assert shell("--version").code == 0


def test_no_colour_where_it_is_not_wanted(full: Shell) -> None:
    assert "\x1b" not in full.there("events", "list").out
    assert full.there("events", "list", "--no-color").code == 0


def test_nothing_hangs_with_standard_input_closed(full: Shell) -> None:
    command = f"exec {sys.executable} -m fluent_connect dead retry --all --data {full.data} <&-"
    ran = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 2
    assert "--yes" in ran.stderr
    assert ran.stdout == ""


def test_whoever_leaves_while_we_write_is_no_error(full: Shell) -> None:
    command = f"{sys.executable} -m fluent_connect events list --json --data {full.data} | true"
    ran = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr == ""


def test_the_reference_tells_every_command_exit_and_error() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    missing = [" ".join(words) for words in EVERY if f"`{' '.join(words)}" not in text]
    missing += [code for code in ERRORS if f"### {code}" not in text]
    missing += [str(number) for number in EXITS if f"| {number} |" not in text]
    assert missing == []


def test_the_reference_tells_every_option() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    options = set()
    for name in COMMANDS:
        module, _, attribute = COMMANDS[name][0].partition(":")
        made = getattr(import_module(f"fluent_connect.app.cli.{module}"), attribute or "app")
        command = get_command(made)
        for each in getattr(command, "commands", {"": command}).values():
            options |= {opt for param in each.params for opt in param.opts if opt[:2] == "--"}
    assert sorted(option for option in options if option not in text) == []
