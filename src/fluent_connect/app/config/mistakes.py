"""What is wrong with a configuration: where, why, and what to do about it."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.yaml import Place

_PAGE = "docs/reference/configuration.md"
_FAR = 3


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong (`error`: no start) or doubtful (`warning`).

    what:  the fact, in one line.
    why:   what was expected instead.
    fix:   what to write or do.
    shown: what stands at the place, secrets masked.
    """

    code: str
    place: Place
    what: str
    why: str = ""
    fix: str = ""
    shown: str = ""
    severity: Literal["error", "warning"] = "error"


Lint = Mistake


class CredentialError(ConfigError):
    """The credential manager cannot be asked, or what it holds is not what is asked for.

    code: of the mistake that this is. fix: what to do.
    """

    def __init__(self, what: str, code: str, fix: str) -> None:
        super().__init__(what)
        self.code = code
        self.fix = fix


class ConfigMistakes(ConfigError):  # noqa: N818 - the plural says what it holds
    """The configuration cannot be run with; `mistakes` holds everything that is wrong."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(in_order(mistakes))
        super().__init__(render_mistakes(self.mistakes))


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return the mistakes as one reads the files: by file, line and column; each once."""
    return sorted(
        dict.fromkeys(mistakes),
        key=lambda one: (one.place.file, one.place.line, one.place.column, one.code),
    )


def errors(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return those that forbid a start."""
    return [one for one in mistakes if one.severity == "error"]


def render_mistakes(mistakes: Iterable[Mistake]) -> str:
    """Return the mistakes as a person reads them, one block each."""
    return "\n\n".join(_block(one) for one in mistakes)


def _block(mistake: Mistake) -> str:
    kind = "" if mistake.severity == "error" else "warning: "
    shown = f"   {mistake.shown}" if mistake.shown else ""
    lines = [f"{mistake.code}  {kind}{mistake.what}", f"  where  {mistake.place}{shown}"]
    if mistake.why:
        lines.append(f"  why    {mistake.why}")
    if mistake.fix:
        lines.append(f"  do     {mistake.fix}")
    lines.append(f"  docs   {_PAGE}#{mistake.code.lower()}")
    return "\n".join(lines)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was most likely meant to be, if one is near."""
    candidates = sorted((distance(_folded(word), _folded(each)), each) for each in known)
    if not candidates:
        return None
    steps, best = candidates[0]
    return best if steps <= max(1, min(_FAR, len(word) // 3)) else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return the sentence that suggests the nearest known word, or else `otherwise`."""
    best = nearest(word, known)
    return f'did you mean "{best}"?' if best else otherwise


def distance(one: str, other: str) -> int:
    """Count the letters to insert, drop, replace or swap that turn `one` into `other`."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            steps = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                steps = min(steps, before[j - 2] + 1)
            row.append(steps)
        before, last = last, row
    return last[-1]


def _folded(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")
