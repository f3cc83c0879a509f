"""Two versions of a partner's handler in one process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fluent_connect.app.config.load import load
from fluent_connect.app.config.mistakes import ConfigMistakes
from fluent_connect.app.shadow.editions import edition, is_configuration, other
from unit.app.conftest import ENVIRON

_HANDLER = """
from fluent_connect.handlers.category.upsert import CategoryUpsertHandler
from fluent_connect.handlers.message_handler import MapContext

PLACE = "{place}"


class Ours(CategoryUpsertHandler):
    name = "CategoryUpsertHandler"
    priority = 5
    version = "{place}"
"""
_MODULE = "com.fluentcommerce.connect.twice"


def folder(root: Path, place: str, body: str = _HANDLER) -> Path:
    package = root / place / "code" / "com" / "fluentcommerce" / "connect"
    package.mkdir(parents=True)
    (package / "twice.py").write_text(body.format(place=place))
    text = f"fluent-connect:\n  paths: ['{root / place / 'code'}']\n"
    (root / place / "application-connector.yml").write_text(text)
    return root / place


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("com"):
            del sys.modules[name]


def test_each_version_has_the_handler_of_its_own_folder(tmp_path: Path) -> None:
    config = load(folder(tmp_path, "old"))
    before = edition("running", config)
    new = other(folder(tmp_path, "new"), config)
    name = "commercetools.connect.category.upsert"
    assert [each.routes.find(name).handler.version for each in (before, new)] == ["old", "new"]
    assert sys.modules[_MODULE].PLACE == "old"
    assert not any(str(tmp_path / "new") in entry for entry in sys.path)


def test_a_version_that_could_not_start_is_refused(tmp_path: Path) -> None:
    config = load(folder(tmp_path, "old"))
    edition("running", config)
    broken = folder(tmp_path, "new", "import nowhere_at_all\n")
    with pytest.raises(ConfigMistakes, match="nowhere_at_all"):
        other(broken, config)
    (broken / "application-connector.yml").write_text("fluent-connect: { prot: 1 }\n")
    with pytest.raises(ConfigMistakes, match="prot"):
        other(broken, config)


def test_a_configuration_is_told_from_mapping_files(tmp_path: Path) -> None:
    assert is_configuration(folder(tmp_path, "old"))
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "order.yml").write_text("order: {}")
    assert not is_configuration(tmp_path / "maps")
