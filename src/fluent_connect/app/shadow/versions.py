"""Which version `--diff OLD` and `--mapping NEW` name."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from fluent_connect.app.config.mapping import (
    FOLDER,
    MappingFiles,
    chosen,
    read_mapping,
    read_mapping_files,
)
from fluent_connect.app.shadow.editions import Edition, edition, is_configuration, other
from fluent_connect.model.errors import ConfigError

DEFAULTS = "defaults"
"""Stands for the mappings of this package alone."""


class NoVersionError(ConfigError):
    """What was named is no folder with a configuration or mapping files."""


def version(named: str, running: Edition, profiles: Sequence[str] = ()) -> Edition:
    """Return the version that is named, for the accounts of the running one.

    A folder with a configuration, a folder with mapping files alone (all else is then as it runs),
    or `defaults`: our mappings without the partner's. Raise NoVersionError if it is none of these.
    """
    if named == DEFAULTS:
        return _mapped(DEFAULTS, running, read_mapping(None))
    place = Path(named)
    if not place.is_dir():
        raise NoVersionError(f"{named!r} is no folder")
    if is_configuration(place):
        return other(place, running.config, profiles)
    folder = place / FOLDER if (place / FOLDER).is_dir() else place
    files = chosen(folder, profiles)
    if not files:
        raise NoVersionError(f"{named!r} holds neither a configuration nor mapping files")
    return _mapped(named, running, read_mapping_files(files))


def _mapped(name: str, running: Edition, mapping: MappingFiles) -> Edition:
    """Return the running version with another mapping."""
    config = msgspec.structs.replace(running.config, mapping=mapping)
    return edition(name, config, running.handlers)
