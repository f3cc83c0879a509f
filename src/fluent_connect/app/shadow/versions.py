"""Which version `--diff OLD` and `--mapping NEW` name."""

from collections.abc import Sequence
from pathlib import Path

from fluent_connect.app.shadow.editions import Edition, is_configuration, other
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
    place = Path(named)
    if not place.is_dir():
        raise NoVersionError(f"{named!r} is no folder")
    if is_configuration(place):
        return other(place, running.config, profiles)
    raise NoVersionError(f"{named!r} holds neither a configuration nor mapping files")
