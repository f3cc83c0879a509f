"""The rules of mapping files, compiled: what fills each target from each type of source."""

import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from fluent_connect.mapping.rules.blocks import Blocks
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.mistakes import MappingMistakes, hint
from fluent_connect.mapping.rules.operators import (
    attributes,
    calls,
    choosing,
    dates,
    lists,
    objects,
    reckoning,
    texts,
)
from fluent_connect.mapping.rules.paths import Run
from fluent_connect.mapping.rules.rule import Inputs
from fluent_connect.mapping.rules.target import Target
from fluent_connect.model.yaml import Fault

_MAKERS = {
    **choosing.MAKERS,
    **texts.MAKERS,
    **reckoning.MAKERS,
    **dates.MAKERS,
    **calls.MAKERS,
    **objects.MAKERS,
    **lists.MAKERS,
    **attributes.MAKERS,
}


class Rules:
    """Compiled rules. Each target is compiled once for each type of source, when it is needed."""

    def __init__(
        self,
        blocks: Blocks,
        targets: Mapping[str, Target] | None = None,
        *,
        settings: type | None = None,
        inputs: Inputs | None = None,
        traced: bool = False,
    ) -> None:
        self._blocks = blocks
        self._targets = targets or {}
        self._settings = settings
        self._traced: Rules | None = None
        self._lock = threading.Lock()
        self._runs: dict[tuple[str, type], Run] = {}
        self._compiling = Compiling(
            blocks,
            _MAKERS,
            objects.fill,
            targets=self._targets,
            settings=settings,
            inputs=inputs,
            traced=traced,
        )

    def faults(self) -> list[Fault]:
        """Compile every declared target; return everything that is wrong, in the order found."""
        for name, target in self._targets.items():
            if name in self._blocks.tables:
                self._compiling.filled(name, target.source)
        return [*self._blocks.faults, *self._compiling.faults]

    def filling(self, target: str, source: type) -> Run:
        """Return what fills a target from a source of this type.

        Raise LookupError if no file has rules for it, MappingMistakes if the rules are mistaken.
        """
        run = self._runs.get((target, source))
        if run is not None:
            return run
        with self._lock:  # handlers that are slow map in threads
            if (target, source) not in self._runs:
                self._runs[target, source] = self._compiled(target, source)
            return self._runs[target, source]

    def digest(self) -> str:
        """Return a text that changes when the rules of the declared targets change."""
        return self._blocks.digest(self._targets)

    def tracing(self) -> "Rules":
        """Return the same rules, compiled so that they tell where each value came from."""
        if self._traced is None:
            self._traced = Rules(self._blocks, self._targets, settings=self._settings, traced=True)
        return self._traced

    def _compiled(self, target: str, source: Any) -> Run:
        if target not in self._blocks.tables:
            known = ", ".join(self._blocks.tables) or "none"
            fix = hint(target, self._blocks.tables, f"there are rules for: {known}")
            raise LookupError(f"no mapping file has rules for the target {target!r}; {fix}")
        declared = self._targets.get(target)
        kind = declared.source if declared and issubclass(source, declared.source) else source
        if not issubclass(kind, msgspec.Struct):
            raise TypeError(f"the source of {target!r} is a {kind.__name__}, not a msgspec.Struct")
        run = self._compiling.filled(target, kind)
        found = [*self._blocks.faults, *self._compiling.faults]
        if found:
            raise MappingMistakes(found)
        return run
