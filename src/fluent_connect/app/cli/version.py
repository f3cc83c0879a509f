"""`version`: what is installed here."""

import platform
from importlib.metadata import PackageNotFoundError, version

from fluent_connect.app.cli.framework import Json, application, command
from fluent_connect.app.cli.output import json_line, pairs

app = application()


@command(app, "version", "version", "version --json")
def show(*, json: Json = False) -> None:
    """Tell the versions of fluent-connect, Python and SQLite."""
    found = {
        "fluent-connect": installed("fluent-connect"),
        "python": platform.python_version(),
        "sqlite": sqlite(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    if json:
        json_line(found)
    else:
        pairs(found)


def installed(distribution: str) -> str:
    """Return the version of a distribution; "" if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def sqlite() -> str:
    """Return the version of SQLite that comes with the driver: apsw's own less its last number."""
    return ".".join(installed("apsw").split(".")[:3])
