"""Finds handlers and jobs: ours, those in com.fluentcommerce.connect, those of entry points."""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from fluent_connect.app.config.mistakes import Mistake
from fluent_connect.app.handlers import Handlers, is_handler, is_job, is_receiver
from fluent_connect.model.yaml import Place

NAMESPACE = "com.fluentcommerce.connect"
ENTRY_POINTS = "fluent_connect.handlers"
_OURS = ("fluent_connect.handlers", "fluent_connect.jobs")


def discover(packages: Sequence[str] = (NAMESPACE,), paths: Sequence[Path] = ()) -> Handlers:
    """Return all handlers, jobs and receivers that there are, and what kept others from it.

    `paths` are put at the end of `sys.path`. Importing runs the modules found.
    """
    mistakes = _extend_path(paths)
    mistakes += _regular_packages(packages)
    modules: dict[str, ModuleType] = {}
    if not mistakes:
        for package in (*_OURS, *packages):
            _walk(package, modules, mistakes)
    classes = [one for module in modules.values() for one in _defined(module)]
    classes += _entry_point_classes(mistakes)
    found = list(dict.fromkeys(classes))
    return Handlers(
        handlers=tuple(one for one in found if is_handler(one)),
        jobs=tuple(one for one in found if is_job(one)),
        receivers=tuple(one for one in found if is_receiver(one)),
        mistakes=tuple(mistakes),
    )


def _extend_path(paths: Sequence[Path]) -> list[Mistake]:
    mistakes = []
    for path in paths:
        folder = path.expanduser().absolute()
        if not folder.is_dir():
            mistakes.append(
                Mistake(
                    code="CFG010",
                    place=Place(str(path)),
                    what=f"the path {path} is no folder",
                    why="folders with handlers, relative to where the service starts",
                    fix="correct it under `paths:`",
                )
            )
        elif str(folder) not in sys.path:
            sys.path.append(str(folder))
    importlib.invalidate_caches()
    return mistakes


def _regular_packages(packages: Sequence[str]) -> list[Mistake]:
    """Return a mistake for each __init__.py that would hide other parts of the namespace."""
    if NAMESPACE not in packages:
        return []
    parts = NAMESPACE.split(".")
    folders = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [
        Path(entry or ".") / folder / "__init__.py" for entry in sys.path for folder in folders
    ]
    return [
        Mistake(
            code="CFG016",
            place=Place(str(file)),
            what=f"{file.parent.name}/ holds an __init__.py, which hides the handlers of others",
            why="com/, com/fluentcommerce/ and com/fluentcommerce/connect/ are shared (PEP 420)",
            fix=f"delete {file}",
        )
        for file in dict.fromkeys(files)
        if file.is_file()
    ]


def _walk(package: str, modules: dict[str, ModuleType], mistakes: list[Mistake]) -> None:
    """Import a package and every module below it, folders without __init__.py too."""
    if package in modules:
        return
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as _imported
        mistakes.append(_failed(package, error))
        return
    if spec is None:
        if package != NAMESPACE:
            mistakes.append(_absent(package))
        return
    module = _imported(package, mistakes)
    if module is None:
        return
    modules[package] = module
    seen: dict[str, Path] = {}
    for name, file in _below(module):
        if name in seen:
            mistakes.append(_twice(f"{package}.{name}", seen[name], file))
            continue
        seen[name] = file
        _walk(f"{package}.{name}", modules, mistakes)


def _below(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """Yield the modules and folders right below a package; folders of one name are one package."""
    folders: set[str] = set()
    for root in dict.fromkeys(Path(each).resolve() for each in getattr(module, "__path__", ())):
        for file in sorted(root.iterdir()) if root.is_dir() else ():
            name = file.stem if file.suffix == ".py" else file.name
            if not name.isidentifier() or name in {"__init__", "__main__", "__pycache__"}:
                continue
            if file.suffix == ".py":
                yield name, file
            elif file.is_dir() and name not in folders:
                folders.add(name)
                yield name, file


def _imported(name: str, mistakes: list[Mistake]) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a partner's module may raise anything
        mistakes.append(_failed(name, error))
        return None


def _failed(module: str, error: BaseException) -> Mistake:
    place = _line_of(error) or Place(module)
    kind = type(error).__name__
    fix = "correct the module, or remove it from the scanned packages"
    if isinstance(error, ModuleNotFoundError) and error.name:
        fix = f"install what provides {error.name!r}, or correct the import"
    what = f"the module {module} cannot be imported: {kind}: {error}"
    return Mistake(code="CFG017", place=place, what=what, why="a module that imports", fix=fix)


def _line_of(error: BaseException) -> Place | None:
    """Return the line that raised, outside of the import machinery."""
    if isinstance(error, SyntaxError) and error.filename:
        return Place(error.filename, error.lineno or 1, error.offset or 1)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen") and "importlib" not in frame.filename
    ]
    last = frames[-1] if frames else None
    if last is None or Path(last.filename) == Path(__file__):
        return None
    return Place(last.filename, last.lineno or 1, (last.colno or 0) + 1)


def _absent(package: str) -> Mistake:
    return Mistake(
        code="CFG017",
        place=Place(package),
        what=f"there is no package {package}",
        why="each of `packages:` stands on the path of Python, or below one of `paths:`",
        fix="install it, add its folder to `paths:`, or correct its name",
    )


def _twice(module: str, first: Path, second: Path) -> Mistake:
    return Mistake(
        code="CFG022",
        place=Place(str(second)),
        what=f"the module {module} stands in two places; this one is never imported",
        why=f"the other one: {first}",
        fix="rename one of the two",
    )


def _defined(module: ModuleType) -> list[type[Any]]:
    found = vars(module).values()
    return [one for one in found if inspect.isclass(one) and one.__module__ == module.__name__]


def _entry_point_classes(mistakes: list[Mistake]) -> list[type[Any]]:
    classes: list[type[Any]] = []
    for point in _points():
        try:
            loaded = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as _imported
            mistakes.append(_failed(f"{point.value} (entry point {point.name})", error))
            continue
        if inspect.isclass(loaded):
            classes.append(loaded)
        elif isinstance(loaded, ModuleType):
            classes += _defined(loaded)
    return classes


def _points() -> Iterable[EntryPoint]:
    return sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
