"""Mapping files: `mapping/<entity>.yml` beside the connector's, and those of profiles."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from fluent_connect.app.config.mistakes import Mistake
from fluent_connect.app.config.placeholders import Lookup, from_environment
from fluent_connect.app.config.replacing import replaced
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import Blocks, parsed
from fluent_connect.model.yaml import Fault, Place

FOLDER = "mapping"
_ENDS = (".yml", ".yaml")


class MappingFiles(msgspec.Struct, frozen=True):
    """What the files of a folder say over our own rules, and what cannot be read of them.

    `partners` are the files' own blocks, without ours. `notices`: files that are left alone.
    """

    blocks: Blocks
    partners: Blocks = Blocks()
    files: Sequence[Path] = ()
    mistakes: Sequence[Mistake] = ()
    notices: Sequence[str] = ()


def read_mapping(
    directory: Path | None, profiles: Sequence[str] = (), lookup: Lookup | None = None
) -> MappingFiles:
    """Return the mapping of a configuration folder; the last profile wins.

    What follows the first dash in a file's name is its profile: `order-dev.yml` is read only if
    the profile `dev` is asked for. `lookup`: what placeholders stand for; default: the environment.
    """
    folder = None if directory is None else directory / FOLDER
    found = read_mapping_files(chosen(folder, profiles), lookup)
    return msgspec.structs.replace(found, notices=tuple(_left_alone(folder, profiles)))


def read_mapping_files(files: Sequence[Path], lookup: Lookup | None = None) -> MappingFiles:
    """Return what these files say over our own rules, the last one winning."""
    lookup = lookup or from_environment(os.environ)
    theirs = Blocks()
    mistakes: list[Mistake] = []
    for path in files:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            what, fix = "this file is not UTF-8", "save it as UTF-8 text"
            mistakes.append(mistake(Fault(Place(str(path), 1, 1), what, fix)))
            continue
        said = parsed(text, str(path))
        tables = {
            name: replaced(each, lookup, mistakes, (name,)) for name, each in said.tables.items()
        }
        theirs = msgspec.structs.replace(said, tables=tables).over(theirs)
    mistakes += [mistake(each) for each in theirs.faults]
    ours = msgspec.structs.replace(theirs, faults=()).over(packaged())
    return MappingFiles(ours, theirs, tuple(files), tuple(mistakes))


def chosen(folder: Path | None, profiles: Sequence[str]) -> list[Path]:
    """Return the mapping files of a folder that count, those of the last profile last."""
    present = _present(folder)
    return [each for profile in ("", *profiles) for each in present if _profile(each) == profile]


def _left_alone(folder: Path | None, profiles: Sequence[str]) -> Iterator[str]:
    """Yield a notice for each file of a profile that is not asked for: it may be a slip."""
    for each in _present(folder):
        profile = _profile(each)
        if profile not in {"", *profiles}:
            name = f"{FOLDER}/{each.name}"
            yield f"{name} is left alone: it is of the profile {profile!r}, which is not asked for"


def profiled(directory: Path, profile: str) -> bool:
    """Say whether a configuration folder has a mapping file of the profile."""
    return any(_profile(each) == profile for each in chosen(directory / FOLDER, [profile]))


def mistake(fault: Fault) -> Mistake:
    """Return what is wrong with a mapping file as `check` and the start show it."""
    code, why = "CFG040", "docs/reference/mapping-language.md"
    if fault.duplicate:
        code, why = "CFG002", "a key stands once in its table"
    return Mistake(code=code, place=fault.place, what=fault.what, why=why, fix=fault.fix)


def _present(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if each.suffix in _ENDS)


def _profile(file: Path) -> str:
    return file.stem.partition("-")[2]
