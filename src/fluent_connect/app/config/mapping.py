"""Mapping files: `mapping/<entity>.yml` beside the connector's, and those of profiles."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from fluent_connect.app.config.mistakes import Mistake
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import Blocks, parsed
from fluent_connect.model.yaml import Fault, Place

FOLDER = "mapping"
_ENDS = (".yml", ".yaml")


class MappingFiles(msgspec.Struct, frozen=True):
    """What the files of a folder say over our own rules, and what cannot be read of them.

    `partners` are the files' own blocks, without ours.
    """

    blocks: Blocks
    partners: Blocks = Blocks()
    files: Sequence[Path] = ()
    mistakes: Sequence[Mistake] = ()


def read_mapping(directory: Path | None, profiles: Sequence[str] = ()) -> MappingFiles:
    """Return the mapping of a configuration folder; the last profile wins.

    What follows the first dash in a file's name is its profile: `order-dev.yml` is read only if
    the profile `dev` is asked for.
    """
    folder = None if directory is None else directory / FOLDER
    return read_mapping_files(chosen(folder, profiles))


def read_mapping_files(files: Sequence[Path]) -> MappingFiles:
    """Return what these files say over our own rules, the last one winning."""
    theirs = Blocks()
    mistakes: list[Mistake] = []
    for path in files:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            what, fix = "this file is not UTF-8", "save it as UTF-8 text"
            mistakes.append(mistake(Fault(Place(str(path), 1, 1), what, fix)))
            continue
        theirs = parsed(text, str(path)).over(theirs)
    mistakes += [mistake(each) for each in theirs.faults]
    ours = msgspec.structs.replace(theirs, faults=()).over(packaged())
    return MappingFiles(ours, theirs, tuple(files), tuple(mistakes))


def chosen(folder: Path | None, profiles: Sequence[str]) -> list[Path]:
    """Return the mapping files of a folder that count, those of the last profile last."""
    if folder is None or not folder.is_dir():
        return []
    present = sorted(each for each in folder.iterdir() if each.suffix in _ENDS)
    return [each for profile in ("", *profiles) for each in present if _profile(each) == profile]


def profiled(directory: Path, profile: str) -> bool:
    """Say whether a configuration folder has a mapping file of the profile."""
    return any(_profile(each) == profile for each in chosen(directory / FOLDER, [profile]))


def mistake(fault: Fault) -> Mistake:
    """Return what is wrong with a mapping file as `check` and the start show it."""
    code, why = "CFG040", "docs/reference/mapping-language.md"
    if fault.duplicate:
        code, why = "CFG002", "a key stands once in its table"
    return Mistake(code=code, place=fault.place, what=fault.what, why=why, fix=fault.fix)


def _profile(file: Path) -> str:
    return file.stem.partition("-")[2]
