"""Every parser of what strangers send holds against what a fuzzer makes up."""

import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fluent_connect.ingest.verify.scheme import Knock
from fuzz.run import CORPUS, fuzz, main
from fuzz.targets import TARGETS, _door, _same, as_input, headed
from unit.ingest.signers import NOW

HERE = Path(__file__).parent
CI = os.environ.get("CI") == "true"
_THERE = sys.version_info < (3, 13) and platform.machine() == "x86_64"
"""Where atheris has something to install, so that a CI without it is a mistake."""


def needs_atheris() -> None:
    if find_spec("atheris") is None:
        why = "atheris is not installed (it is for x86_64 and Python before 3.13)"
        if CI and _THERE:
            pytest.fail(why)
        pytest.skip(why)


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_fuzzer_began_with_or_has_found_does_no_harm(name: str) -> None:
    kept = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    seeds = [*TARGETS[name].seeds()]
    assert kept
    for data in [*kept, *seeds, b"", b"\n\n"]:
        TARGETS[name].run(data)
        for cut in range(0, len(data), max(1, len(data) // 16)):
            TARGETS[name].run(data[:cut])
            TARGETS[name].run(data[:cut] + b"\xff" + data[cut + 1 :])


def test_an_input_is_headers_and_a_body() -> None:
    headers = {"a": "b", "c": "d: e"}
    assert headed(as_input(headers, b"f\n\ng")) == (headers, b"f\n\ng")
    assert headed(b"a:b") == ({"a": "b"}, b"")


def test_an_honest_seed_passes_at_its_door_and_a_changed_one_does_not() -> None:
    """Else a target that knocks would never notice who is let in."""
    for name in ("keys", "signatures", "tokens", "sns"):
        for seed in TARGETS[name].seeds():
            TARGETS[name].run(seed)
    honest, made = _door("github")
    headers = {key.encode(): value.encode() for key, value in honest.request.headers.items()}
    assert made[0].passes(Knock(headers, honest.request.body), NOW)
    other = honest._replace(request=honest.request._replace(body=b"{}"))
    assert not _same(other, honest.request.headers, Knock(headers, b"x"))


@pytest.mark.timeout(600)
def test_ten_seconds_a_parser_find_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_atheris()
    seconds = os.environ.get("FUZZ_SECONDS", "10" if CI else "2")
    code = main(["--seconds", seconds, "--jobs", "2", "--learnt", str(tmp_path)])
    assert code == 0, capsys.readouterr().out


def test_a_parser_with_a_mistake_is_found_out(tmp_path: Path) -> None:
    needs_atheris()
    code, text = fuzz("broken", 20, tmp_path)
    assert code != 0
    assert "UnicodeDecodeError" in text
    assert list((tmp_path / "findings").iterdir())


def test_the_command_fuzzes_what_it_is_told(tmp_path: Path) -> None:
    needs_atheris()
    command = [sys.executable, str(HERE / "run.py"), "keys", "--seconds", "1"]
    ran = subprocess.run(
        [*command, "--learnt", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "1 targets in" in ran.stdout
