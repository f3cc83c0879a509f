import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from fluent_connect.app.config.schema import RouteEntry
from fluent_connect.app.discovery import discover
from fluent_connect.app.handlers import Handlers, UnresolvedError, dotted

HANDLER = """\
    from fluent_connect.handlers.message_handler import Fetched, MessageHandler

    class {name}(MessageHandler[dict]):
        '''Carries what {name} carries.

        And more.
        '''

        name = "{called}"
        priority = {priority}

        async def fetch(self, message, context):
            return Fetched({{}}, 1)

        def map(self, resource, message, context):
            return ()
"""


@pytest.fixture(autouse=True)
def _untouched_imports() -> Iterator[None]:
    """Hide what other tests have put on the path, and put it back as it was."""
    path = list(sys.path)
    others = {name: sys.modules.pop(name) for name in _partners()}
    sys.path[:] = [entry for entry in path if not Path(entry, "com").is_dir()]
    yield
    for name in _partners():
        del sys.modules[name]
    sys.path[:] = path
    sys.modules.update(others)
    sys.path_importer_cache.clear()


def _partners() -> list[str]:
    return [one for one in sys.modules if one.partition(".")[0] in {"com", "acme"}]


def put(root: Path, module: str, text: str) -> Path:
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))
    return file


def handler(name: str, called: str = "", priority: int = 0) -> str:
    return HANDLER.format(name=name, called=called or name, priority=priority)


def names(found: Handlers) -> set[str]:
    return {dotted(one) for one in found.handlers if one.__module__.startswith(("com.", "acme"))}


def test_handlers_of_two_folders_share_the_namespace(tmp_path: Path) -> None:
    put(tmp_path / "a", "com.fluentcommerce.connect.custom.one", handler("One"))
    put(tmp_path / "b", "com.fluentcommerce.connect.other.deep.two", handler("Two"))
    found = discover(paths=[tmp_path / "a", tmp_path / "b"])
    assert not found.mistakes
    assert names(found) == {
        "com.fluentcommerce.connect.custom.one.One",
        "com.fluentcommerce.connect.other.deep.two.Two",
    }


def test_a_package_below_the_namespace_may_be_a_regular_one(tmp_path: Path) -> None:
    put(tmp_path, "com.fluentcommerce.connect.custom.__init__", handler("Inside"))
    found = discover(paths=[tmp_path])
    assert names(found) == {"com.fluentcommerce.connect.custom.Inside"}
    assert dotted(found.resolve("com.fluentcommerce.connect.custom.Inside")) == (
        "com.fluentcommerce.connect.custom.Inside"
    )


@pytest.mark.parametrize("folder", ["com", "com/fluentcommerce", "com/fluentcommerce/connect"])
def test_an_init_in_a_shared_folder_is_a_mistake_that_names_it(folder: str, tmp_path: Path) -> None:
    put(tmp_path, "com.fluentcommerce.connect.custom.one", handler("One"))
    file = tmp_path / folder / "__init__.py"
    file.touch()
    [mistake] = discover(paths=[tmp_path]).mistakes
    assert (mistake.code, str(mistake.place)) == ("CFG016", str(file))
    assert mistake.fix == f"delete {file}"


def test_a_module_that_does_not_import_is_named_with_its_line(tmp_path: Path) -> None:
    broken = put(tmp_path, "com.fluentcommerce.connect.broken", "x = 1\nimport no_such_thing\n")
    wrong = put(tmp_path, "com.fluentcommerce.connect.wrong", "def f(:\n")
    stops = put(tmp_path, "com.fluentcommerce.connect.stops", "raise SystemExit(3)\n")
    put(tmp_path, "com.fluentcommerce.connect.good", handler("Good"))
    found = discover(paths=[tmp_path])
    assert names(found) == {"com.fluentcommerce.connect.good.Good"}
    assert {(one.code, one.place.file, one.place.line) for one in found.mistakes} == {
        ("CFG017", str(broken), 2),
        ("CFG017", str(wrong), 1),
        ("CFG017", str(stops), 1),
    }
    assert any("'no_such_thing'" in one.fix for one in found.mistakes)


def test_abstract_and_nameless_handlers_and_imported_ones_are_left_out(tmp_path: Path) -> None:
    put(
        tmp_path,
        "com.fluentcommerce.connect.bases",
        """\
        from fluent_connect.handlers.message_handler import MessageHandler

        class Abstract(MessageHandler[dict]):
            name = "Abstract"

        class Nameless(MessageHandler[dict]):
            async def fetch(self, message, context): ...
            def map(self, resource, message, context): ...
        """,
    )
    put(
        tmp_path,
        "com.fluentcommerce.connect.mine",
        """\
        from com.fluentcommerce.connect.bases import Nameless

        class Mine(Nameless):
            name = "Mine"
        """,
    )
    found = discover(paths=[tmp_path])
    assert names(found) == {"com.fluentcommerce.connect.mine.Mine"}
    with pytest.raises(UnresolvedError, match="no handler that could run") as nameless:
        found.resolve("com.fluentcommerce.connect.bases.Nameless")
    assert "name" in nameless.value.fix
    with pytest.raises(UnresolvedError) as abstract:
        found.resolve("com.fluentcommerce.connect.bases:Abstract")
    assert abstract.value.fix == "implement fetch, map"


def test_the_highest_priority_wins_a_name(tmp_path: Path) -> None:
    put(tmp_path, "com.fluentcommerce.connect.low", handler("Low", "Order"))
    put(tmp_path, "com.fluentcommerce.connect.high", handler("High", "Order", 100))
    found = discover(paths=[tmp_path])
    assert found.resolve("Order").__name__ == "High"
    assert [one.__name__ for one in found.named("Order")] == ["High", "Low"]


def test_a_tie_for_a_name_is_a_mistake(tmp_path: Path) -> None:
    put(tmp_path, "com.fluentcommerce.connect.a", handler("A", "Order", 5))
    put(tmp_path, "com.fluentcommerce.connect.b", handler("B", "Order", 5))
    found = discover(paths=[tmp_path])
    with pytest.raises(UnresolvedError, match=r"a\.A and .*b\.B are both called Order") as tie:
        found.resolve("Order")
    assert "priority" in tie.value.fix
    assert dotted(found.resolve("com.fluentcommerce.connect.b:B")).endswith("b.B")


def test_a_misspelt_name_or_path_gets_a_suggestion(tmp_path: Path) -> None:
    put(tmp_path, "com.fluentcommerce.connect.custom", handler("MyOrderHandler"))
    found = discover(paths=[tmp_path])
    for target, meant in {
        "MyOrdrHandler": '"MyOrderHandler"',
        "com.fluentcommerce.connect.custom.MyOrdrHandler": "custom.MyOrderHandler",
        "com.fluentcommerce.connect.costom.MyOrderHandler": "custom.MyOrderHandler",
    }.items():
        with pytest.raises(UnresolvedError) as raised:
            found.resolve(target)
        assert meant in raised.value.fix, target


def test_a_dotted_path_may_lead_outside_of_the_scanned_packages(tmp_path: Path) -> None:
    put(tmp_path, "acme_handlers", handler("Mine"))
    found = discover(paths=[tmp_path])
    assert found.resolve("acme_handlers:Mine").name == "Mine"
    with pytest.raises(UnresolvedError, match="has no Other"):
        found.resolve("acme_handlers.Other")
    with pytest.raises(UnresolvedError, match="no handler"):
        found.resolve("textwrap.TextWrapper")


def test_a_configured_package_is_scanned_and_an_absent_one_named(tmp_path: Path) -> None:
    put(tmp_path, "acme.__init__", "")
    put(tmp_path, "acme.handlers.orders", handler("Orders"))
    found = discover(["acme.handlers", "acme.absent"], [tmp_path])
    assert names(found) == {"acme.handlers.orders.Orders"}
    assert [one.place.file for one in found.mistakes] == ["acme.absent"]


def test_an_installed_distribution_is_found_by_namespace_and_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    put(site, "com.fluentcommerce.connect.partner", handler("Partner"))
    put(site, "acme.plugin", handler("Plugin"))
    info = site / "acme_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[fluent_connect.handlers]\n"
        "one = acme.plugin\ntwo = acme.plugin:Plugin\nthree = acme.absent:X\n"
    )
    monkeypatch.syspath_prepend(str(site))
    found = discover()
    assert names(found) == {"com.fluentcommerce.connect.partner.Partner", "acme.plugin.Plugin"}
    [mistake] = found.mistakes
    assert "entry point three" in mistake.what


def test_a_module_in_two_places_is_a_mistake(tmp_path: Path) -> None:
    put(tmp_path / "a", "com.fluentcommerce.connect.same", handler("One"))
    second = put(tmp_path / "b", "com.fluentcommerce.connect.same", handler("Two"))
    found = discover(paths=[tmp_path / "a", tmp_path / "b"])
    assert [(one.code, one.place.file) for one in found.mistakes] == [("CFG022", str(second))]


def test_a_path_that_is_no_folder_is_a_mistake(tmp_path: Path) -> None:
    [mistake] = discover(paths=[tmp_path / "absent"]).mistakes
    assert mistake.code == "CFG010"


def test_jobs_and_overrides_of_the_receiver_are_found(tmp_path: Path) -> None:
    put(
        tmp_path,
        "com.fluentcommerce.connect.more",
        """\
        from fluent_connect.jobs.job_handler import JobHandler
        from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver

        class Sweep(JobHandler):
            name = "batch-sweep"
            async def sweep(self, window, cursor, context):
                yield

        class Low(CTExternalMessageReceiver):
            pass

        class High(CTExternalMessageReceiver):
            priority = 1
        """,
    )
    found = discover(paths=[tmp_path])
    job, receiver = found.job("batch-sweep"), found.receiver()
    assert job is not None
    assert job is found.job("Sweep")
    assert receiver is not None
    assert receiver.__name__ == "High"
    assert Handlers().receiver() is None
    assert Handlers().job("x") is None


def test_active_and_inactive_handlers_have_the_vendors_shape(tmp_path: Path) -> None:
    put(tmp_path, "com.fluentcommerce.connect.low", handler("Low", "Order"))
    put(tmp_path, "com.fluentcommerce.connect.high", handler("High", "Order", 100))
    found = discover(paths=[tmp_path])
    routes = [
        RouteEntry.model_validate({"route": "a.b", "handler": "Order", "props": {"tier": "gold"}}),
        RouteEntry.model_validate({"route": "a.c", "handler": "Absent"}),
    ]
    [active] = found.active(routes)
    assert (active.route, active.handler, active.priority) == ("a.b", "Order", 100)
    assert active.props == {"tier": "gold"}
    assert active.class_name == "com.fluentcommerce.connect.high.High"
    assert active.description == "Carries what High carries."
    inactive = [one.class_name for one in found.inactive(routes)]
    assert "com.fluentcommerce.connect.low.Low" in inactive
    assert active.class_name not in inactive
