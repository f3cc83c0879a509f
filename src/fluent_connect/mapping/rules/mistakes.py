"""What is wrong with mapping files: all of it, each with its place and what to do."""

import difflib
from collections.abc import Iterable, Sequence

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.yaml import Fault, Place


class MappingMistakes(ConfigError):  # noqa: N818 - the plural says what it holds
    """Mapping files cannot be compiled; `faults` holds everything that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{one.place}: {one.what}; {one.fix}" for one in faults))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like `word`, if one is."""
    folded = {_folded(each): each for each in known}
    close = difflib.get_close_matches(_folded(word), folded, 1)
    return folded[close[0]] if close else None


def hint(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return the sentence that suggests the nearest known word, or else `otherwise`."""
    best = nearest(word, known)
    return f'did you mean "{best}"?' if best else otherwise


def fault(place: Place, what: str, fix: str) -> Fault:
    """Return one mistake."""
    return Fault(place, what, fix)


def _folded(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
