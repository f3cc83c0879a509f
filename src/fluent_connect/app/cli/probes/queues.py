"""`doctor`: whether the queues at their brokers are as safe as they should be."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from fluent_connect.app.cli.probes.finding import Finding, State, skipped
from fluent_connect.app.cli.queues import settled
from fluent_connect.app.config.result import Config
from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.address import BROKERS
from fluent_connect.queues.store import Setting, StoreError

_GROUP = "queues"
_STATES: dict[str, State] = {"missing": "fail", "differs": "warn", "doubt": "warn"}


async def queues(config: Config) -> Sequence[Finding]:
    """Return one finding a queue at a broker: what is not as it should be, and what it may cost."""
    if not any(queue.engine in BROKERS for queue in config.queues.values()):
        return [skipped(_GROUP, "brokers", "all queues are in SQL, with the journal")]
    try:
        found = await settled(config, change=False)
    except (StoreError, ConfigError, OSError) as error:
        fix = "see that the broker runs, and that this host and user may reach it"
        return [Finding(group=_GROUP, name="brokers", state="fail", measured=str(error), fix=fix)]
    return list(_judged(found))


def _judged(found: Sequence[tuple[str, Setting]]) -> Iterator[Finding]:
    for name, ones in groupby(found, key=lambda one: one[1].queue):
        settings = [one for _, one in ones]
        wrong = [one for one in settings if one.state in _STATES]
        worst: State = "ok"
        if wrong:
            worst = "fail" if any(one.state == "missing" for one in wrong) else "warn"
        yield Finding(
            group=_GROUP,
            name=name,
            state=worst,
            measured=_measured(wrong),
            expected="as `fluent-connect queues check` says" if wrong else "",
            fix="fluent-connect queues ensure" if wrong else "",
        )


def _measured(wrong: Sequence[Setting]) -> str:
    """Say in one line what is not as it should be, and what could be lost."""
    lost = "; ".join(dict.fromkeys(one.lost for one in wrong if one.lost))
    told = "; ".join(f"{one.what}: {one.found}" for one in wrong)
    return f"{told} (could be lost: {lost})" if lost else told or "as it should be"
