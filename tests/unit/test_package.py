import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import fluent_connect

NAMES = [
    "CTExternalMessageReceiver",
    "Event",
    "Fetched",
    "HandlerContext",
    "JobHandler",
    "MapContext",
    "Message",
    "MessageHandler",
    "Mutation",
    "Refresh",
    "RetryableError",
    "Skip",
    "Target",
    "UnprocessableError",
    "Update",
    "Upsert",
]


def test_partners_find_exactly_these_names() -> None:
    assert fluent_connect.__all__ == NAMES
    assert sorted(NAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_can_be_imported(name: str) -> None:
    found = getattr(import_module("fluent_connect"), name)
    assert found.__name__ == name
    assert name in dir(fluent_connect)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Massage'"):
        getattr(fluent_connect, "Massage")  # noqa: B009 - a misspelt name is the point


def test_editors_are_told_the_same_names() -> None:
    stub = Path(fluent_connect.__file__).with_suffix(".pyi").read_text("utf-8")
    told: dict[str, list[str]] = {}
    exec(stub[stub.index("__all__") :], told)
    assert told["__all__"] == NAMES


def test_the_package_alone_loads_nothing_heavy() -> None:
    program = (
        "import sys, fluent_connect\n"
        "heavy = ('fluent_connect.', 'aiohttp', 'msgspec', 'structlog')\n"
        "loaded = [module for module in sys.modules if module.startswith(heavy)]\n"
        "sys.exit(' '.join(loaded) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
