"""Fuzz one target with atheris: `python tests/fuzz/one.py TARGET [libFuzzer's flags and folders]`.

Exits with 0 at the end of the time, and otherwise with what libFuzzer says of its finding.
"""

import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import atheris


def broken(data: bytes) -> None:
    """Fail as a parser with a mistake would: what must be found."""
    if data.startswith(b"{"):
        data.decode("ascii")


def main(name: str, flags: list[str]) -> None:
    """Fuzz until the flags say that it is enough."""
    with atheris.instrument_imports(include=["fluent_connect", "fuzz"]):
        from fuzz.targets import TARGETS
    logging.disable(logging.CRITICAL)
    run = broken if name == "broken" else TARGETS[name].run
    atheris.Setup([sys.argv[0], *flags], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
