"""`doctor`: the configuration, and whether each route has its handler."""

from collections.abc import Iterator

from fluent_connect.app.cli.probes.finding import Finding
from fluent_connect.app.config.mistakes import Mistake, errors, in_order
from fluent_connect.app.config.result import Examined
from fluent_connect.app.discovery import discover
from fluent_connect.app.lints import check

_GROUP = "config"


def configuration(examined: Examined) -> Iterator[Finding]:
    """Yield what `check` would say, in short."""
    config = examined.config
    handlers = discover(config.packages, config.paths)
    mistakes = in_order([*examined.mistakes, *check(config, handlers)])
    wrong = errors(mistakes)
    doubts = [one for one in mistakes if one.severity != "error"]
    read = ", ".join(map(str, config.files)) or "packaged defaults and variables"
    yield Finding(
        group=_GROUP,
        name="files",
        state="fail" if wrong else "warn" if doubts else "ok",
        measured=_first(wrong or doubts) or read,
        expected="no mistakes",
        fix="fluent-connect check tells all of it" if mistakes else "",
    )
    names = ", ".join(f"{one.name}/{one.retailer}" for one in config.accounts)
    yield Finding(
        group=_GROUP,
        name="accounts",
        state="ok" if names else "fail",
        measured=names or "none",
        expected="at least one",
        fix="" if names else "write `accounts:`, or set the FC_* variables",
    )
    yield Finding(
        group=_GROUP,
        name="handlers",
        state="fail" if handlers.mistakes else "ok",
        measured=f"{len(handlers.handlers)} found, {len(config.routes)} routes",
        expected="each can be imported",
        fix="fluent-connect routes list" if handlers.mistakes else "",
    )


def _first(mistakes: list[Mistake]) -> str:
    if not mistakes:
        return ""
    first = mistakes[0]
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return f"{first.code} {first.what}{more}"
