"""Questions to the person at the keyboard; nobody there is an error, never a wait."""

import sys

from fluent_connect.app.cli.errors import CliError


def agreed(question: str) -> None:
    """Return if the answer is yes. Raise CliError otherwise, or if nobody can be asked."""
    if _answer(f"{question} [y/N]", question) not in {"y", "yes"}:
        raise CliError("CLI003", "not confirmed: nothing was done", do="answer y, or give --yes")


def typed(question: str, expected: str) -> None:
    """Return if just this is typed. Raise CliError otherwise, or if nobody can be asked."""
    if _answer(question, question).replace(",", "") != expected:
        raise CliError("CLI018", "that is not the number: nothing was done")


def _answer(prompt: str, question: str) -> str:
    if not _present():
        do = "give --yes with ids or a filter, or --dry-run to see what would be done"
        raise CliError("CLI003", f"cannot ask without a terminal: {question}", do=do)
    sys.stderr.write(f"{prompt} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower()


def _present() -> bool:
    """Say whether somebody can answer: standard input may even be closed."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:
        return False
