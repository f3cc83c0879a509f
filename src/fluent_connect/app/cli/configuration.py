"""The configuration, as commands ask for it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fluent_connect.app.config.load import examine, load
from fluent_connect.app.config.result import Config, Examined


def folder(given: Path | None) -> Path | None:
    """Return the configuration's folder: the flag's, else that of FC_CONFIG, else none."""
    told = os.environ.get("FC_CONFIG")
    return given or (Path(told) if told else None)


def loaded(config: Path | None, profiles: Sequence[str] | None, data: Path | None = None) -> Config:
    """Return the configuration. Raise ConfigMistakes if it cannot be run with."""
    return load(folder(config), profiles or (), None, flags(data))


def examined(
    config: Path | None, profiles: Sequence[str] | None, data: Path | None = None
) -> Examined:
    """Return what can be read of the configuration, and everything that is wrong with it."""
    return examine(folder(config), profiles or (), None, flags(data))


def flags(data: Path | None) -> Mapping[str, object]:
    """Return the flags that stand above files and variables."""
    return {"data": None if data is None else str(data.absolute())}
