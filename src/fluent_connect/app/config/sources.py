"""Where the configuration comes from: packaged defaults, files with profiles, variables, flags."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from fluent_connect.app.config.mapping import profiled
from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.model.yaml import Document, Leaf, Listing, Node, Place, Table, read

ROOT = "fluent-connect"
CORE = "fluentcommerce"
_STEMS = ("application", "application-connector")
_ENDS = (".yml", ".yaml")
_SPRING = frozenset({"spring", "server", "management", "logging", "springdoc", "info", "debug"})
_WHOLE = ("doors", "listeners", "accounts", "account-mapping")


class Found(msgspec.Struct, frozen=True):
    """What the sources say together, before placeholders are replaced."""

    table: Table
    mistakes: Sequence[Mistake] = ()
    notices: Sequence[str] = ()
    files: Sequence[Path] = ()


def gather(directory: Path | None, profiles: Sequence[str]) -> Found:
    """Return the files of a directory over the packaged defaults; the last profile wins."""
    defaults = packaged()
    if directory is None:
        return Found(defaults)
    if not directory.is_dir():
        what = f"the configuration directory {directory} does not exist"
        fix = "name a folder that holds application-connector.yml"
        return Found(defaults, (_missing(str(directory), what, fix),))
    paths, mistakes = _chosen(directory, profiles)
    notices: list[str] = []
    layers = []
    for path in paths:
        document = _read_file(path)
        mistakes += _faults(document)
        table, wrong = _known_roots(document, path, notices)
        mistakes += wrong
        layers.append(table)
    notices += _ignored(directory)
    ours = merged(*layers)
    return Found(_over(defaults, ours), tuple(mistakes), tuple(notices), tuple(paths))


def merged(*layers: Table) -> Table:
    """Return the tables as one: later ones win, tables merge, lists replace."""
    entries: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    for layer in layers:
        for key, node in layer.entries.items():
            below = entries.get(key)
            both = isinstance(below, Table) and isinstance(node, Table)
            entries[key] = merged(below, node) if both else node  # type: ignore[arg-type]
            keys[key] = layer.keys[key]
    place = layers[-1].place if layers else Place("")
    return Table(entries, keys, place)


def at(table: Table, *path: str) -> Node | None:
    """Return what stands at a path of keys; None if nothing does."""
    node: Node | None = table
    for key in path:
        node = node.entries.get(key) if isinstance(node, Table) else None
    return node


def layer_of(values: Mapping[str, tuple[str, str]]) -> Table:
    """Return a layer of single values: dotted path under `fluent-connect` -> (text, source)."""
    tables = []
    for path, (text, source) in values.items():
        place = Place(source)
        node: Node = Leaf(text, place, source)
        for key in reversed([ROOT, *path.split(".")]):
            node = Table({key: node}, {key: place}, place)
        tables.append(node)
    return merged(*(table for table in tables if isinstance(table, Table)))


def packaged() -> Table:
    """Return the packaged defaults."""
    folder = files("fluent_connect.app") / "defaults"
    layers = []
    for stem in _STEMS:
        text = (folder / f"{stem}.yml").read_text(encoding="utf-8")
        root = read(text, f"defaults/{stem}.yml").root
        if isinstance(root, Table):
            layers.append(_marked(root))
    return merged(*layers)


def _marked(table: Table) -> Table:
    return Table(
        {key: _default(node) for key, node in table.entries.items()}, table.keys, table.place
    )


def _default(node: Node) -> Node:
    match node:
        case Table():
            return _marked(node)
        case Listing():
            return Listing(tuple(_default(item) for item in node.items), node.place)
        case Leaf():
            return Leaf(node.text, node.place, "default")


def _over(defaults: Table, ours: Table) -> Table:
    """Merge, but doors, listeners and accounts replace ours whole, and routes go by their name."""
    connect = at(ours, ROOT)
    base = at(defaults, ROOT)
    if not isinstance(connect, Table) or not isinstance(base, Table):
        return merged(defaults, ours)
    kept = {
        key: node
        for key, node in base.entries.items()
        if key not in _WHOLE or key not in connect.entries
    }
    below = Table(
        {**defaults.entries, ROOT: Table(kept, base.keys, base.place)},
        defaults.keys,
        defaults.place,
    )
    whole = merged(below, ours)
    routes, packaged = connect.entries.get("routes"), base.entries.get("routes")
    if isinstance(routes, Listing) and isinstance(packaged, Listing):
        told = {_route(item) for item in routes.items}
        rest = tuple(item for item in packaged.items if _route(item) not in told)
        both = Table(
            {"routes": Listing((*routes.items, *rest), routes.place)},
            {"routes": connect.keys["routes"]},
            routes.place,
        )
        whole = merged(whole, Table({ROOT: both}, {ROOT: ours.keys[ROOT]}, both.place))
    return whole


def _route(item: Node) -> str | None:
    leaf = at(item, "route") if isinstance(item, Table) else None
    return leaf.text if isinstance(leaf, Leaf) else None


def _chosen(directory: Path, profiles: Sequence[str]) -> tuple[list[Path], list[Mistake]]:
    present = {path.name: path for path in sorted(directory.iterdir()) if path.suffix in _ENDS}
    chosen = _named(present, "")
    mistakes = []
    for profile in profiles:
        of_profile = _named(present, f"-{profile}")
        if not of_profile and not profiled(directory, profile):
            there = _profiles(present)
            otherwise = (
                f"there are: {', '.join(there)}"
                if there
                else f"write application-connector-{profile}.yml"
            )
            fix = did_you_mean(profile, there, otherwise)
            mistakes.append(_missing(str(directory), f"no file of the profile {profile!r}", fix))
        chosen += of_profile
    return chosen, mistakes


def _named(present: Mapping[str, Path], suffix: str) -> list[Path]:
    wanted = [f"{stem}{suffix}{end}" for stem in _STEMS for end in _ENDS]
    return [present[name] for name in wanted if name in present]


def _profiles(present: Mapping[str, Path]) -> list[str]:
    stems = [Path(name).stem for name in present]
    found = {
        stem.removeprefix("application-").removeprefix("connector-")
        for stem in stems
        if stem.startswith("application-")
    }
    return sorted(found - {"connector"})


def _read_file(path: Path) -> Document:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return read(error.object[: error.start].decode("utf-8-sig") + "\x00", str(path))
    return read(text, str(path))


def _faults(document: Document) -> list[Mistake]:
    return [
        Mistake(
            code="CFG002" if fault.duplicate else "CFG001",
            place=fault.place,
            what=fault.what,
            why="a key stands once in its table" if fault.duplicate else "YAML 1.2, one document",
            fix=fault.fix,
        )
        for fault in document.faults
    ]


def _known_roots(document: Document, path: Path, notices: list[str]) -> tuple[Table, list[Mistake]]:
    root = document.root
    empty = Table({}, {}, Place(str(path), 1, 1))
    if root is None:
        return empty, []
    if not isinstance(root, Table):
        why, fix = "a table of keys", "begin with `fluent-connect:`"
        return empty, [
            Mistake(
                code="CFG006", place=root.place, what="this file holds no keys", why=why, fix=fix
            )
        ]
    mistakes = []
    for key in root.entries:
        if key in _SPRING:
            notices.append(f"{path.name}: the section {key!r} is Spring's, and is ignored")
        elif key not in {ROOT, CORE}:
            mistakes.append(_unknown_root(key, root.keys[key]))
    kept = {key: node for key, node in root.entries.items() if key in {ROOT, CORE}}
    return Table(kept, root.keys, root.place), mistakes


def _unknown_root(key: str, place: Place) -> Mistake:
    head, dot, rest = key.partition(".")
    nested = f"write it nested: `{head}:` and, indented below it, `{rest}:`"
    known = (ROOT, CORE)
    fix = nested if dot and head in known else did_you_mean(key, known, f"put it under `{ROOT}:`")
    why = f"{ROOT} or {CORE} at the top"
    return Mistake(
        code="CFG003",
        place=place,
        what=f"the key {key!r} is not known here",
        why=why,
        fix=fix,
        shown=f"{key}:",
    )


def _ignored(directory: Path) -> list[str]:
    names = sorted(
        path.name
        for path in directory.iterdir()
        if path.name.startswith(("bootstrap.", "bootstrap-", "logback-spring", "logback."))
    )
    return [f"ignored, as they are Spring's: {', '.join(names)}"] if names else []


def _missing(where: str, what: str, fix: str) -> Mistake:
    return Mistake(code="CFG010", place=Place(where), what=what, why="files to read", fix=fix)
