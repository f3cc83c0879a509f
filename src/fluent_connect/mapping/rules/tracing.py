"""Where each part of an output came from."""

from collections.abc import Sequence

import msgspec

from fluent_connect.model.yaml import Place


class Origin(msgspec.Struct, frozen=True):
    """Of one output path: the place of its rule, the paths that it read, and what was done.

    path: as in `items[0].price`; an attribute is `attributes[2]`.
    note: "cut from 300 to 255"; "" = nothing to say.
    """

    path: str
    at: str
    reads: Sequence[str] = ()
    note: str = ""


class Recorder:
    """Collects origins while one object is filled."""

    __slots__ = ("_path", "found", "reads")

    def __init__(self) -> None:
        self._path: list[str] = []
        self.reads: list[str] = []
        self.found: list[Origin] = []

    def enter(self, step: str) -> int:
        """Begin a part of the output; return a mark for `leave` or `drop`."""
        self._path.append(step)
        return len(self.reads)

    def leave(self, mark: int, place: Place | str, note: str = "") -> None:
        """End a part that was made, by the rule at `place`."""
        reads = tuple(dict.fromkeys(self.reads[mark:]))
        self.found.append(Origin(self.path, str(place), reads, note))
        self._path.pop()

    def drop(self) -> None:
        """End a part that says nothing."""
        self._path.pop()

    @property
    def path(self) -> str:
        """The path of the part that is being made."""
        told = "".join(step if step.startswith("[") else f".{step}" for step in self._path)
        return told.removeprefix(".")
