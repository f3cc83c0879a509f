"""A configuration whose secrets are not set here: enough to map by, nothing to call with."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fluent_connect.app.config import placeholders
from fluent_connect.app.config.load import examine
from fluent_connect.app.config.mistakes import ConfigMistakes, Mistake, errors
from fluent_connect.app.config.result import Config

NOWHERE = "https://not.set.invalid"
_TOLD = "not set: "
_STAND_INS = {
    "FC_FLUENT_ACCOUNT": "ACCOUNT",
    "FC_FLUENT_RETAILER": "1",
    "FC_PROJECT_KEY": "project",
}


def mapped_by(
    folder: Path | None, profiles: Sequence[str], flags: Mapping[str, object] | None = None
) -> tuple[Config, Sequence[str]]:
    """Return a configuration, and the variables that are not set: something stands in for them.

    Raise ConfigMistakes for everything else that is wrong.
    """
    found = examine(folder, profiles, None, flags)
    names = [name for each in errors(found.mistakes) for name in _unset(each)]
    if names:
        environ = {**os.environ, **{name: _stand_in(name) for name in names}}
        found = examine(folder, profiles, environ, flags)
    if wrong := errors(found.mistakes):
        raise ConfigMistakes(wrong)
    return found.config, list(dict.fromkeys(names))


def _unset(mistake: Mistake) -> Sequence[str]:
    """Return the variables that a mistake is about; none if it is another one."""
    if mistake.code == "CFG020" and mistake.what.startswith(_TOLD):
        return mistake.what.removeprefix(_TOLD).split(", ")
    return sorted(placeholders.names(mistake.shown)) if mistake.code == "CFG005" else ()


def _stand_in(name: str) -> str:
    return _STAND_INS.get(name, NOWHERE if "URL" in name else "none")
