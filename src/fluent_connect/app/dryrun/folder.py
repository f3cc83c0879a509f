"""The data folder of a dry run: its own, marked, never that of a service."""

from pathlib import Path

from fluent_connect.model.errors import ConfigError

MARK = "dry-run"
STORE = "connect.db"
_TEXT = "A dry run keeps its store here. What ended here was never written to Fluent.\n"


class ServiceFolderError(ConfigError):
    """A dry run was given the folder of a real service."""


def claim(folder: Path) -> None:
    """Make a folder a dry run's own. Raise ServiceFolderError if it is a service's."""
    if (folder / STORE).exists() and not (folder / MARK).exists():
        raise ServiceFolderError(f"{folder} is the data folder of a service, not of a dry run")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(_TEXT, encoding="utf-8")


def refuse(store: Path) -> None:
    """Raise ConfigError if the store in this file is a dry run's: a service must not believe it."""
    if (store.parent / MARK).exists():
        raise ConfigError(
            f"{store.parent} is the data folder of a dry run: what it says was applied never was;"
            f" give the service another --data"
        )
