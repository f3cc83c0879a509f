"""Whether the jobs of a configuration can be scheduled as they are written."""

from collections.abc import Iterator

from fluent_connect.app.config.accounts import Fed
from fluent_connect.app.config.crosschecks import at
from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.app.config.schema import Connect, Files, JobEntry
from fluent_connect.app.config.validate import Path
from fluent_connect.jobs.schedule import checked
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.yaml import Table

_EXAMPLE = "write minute, hour, day, month, weekday: `0 2 * * *` is daily at two"


def job_mistakes(files: Files, fed: Fed, table: Table, broken: frozenset[str]) -> list[Mistake]:
    """Return what is wrong with `jobs:` beside the names of handlers."""
    connect = files.fluent_connect
    if "jobs" in broken:
        return []
    found = [*_zone(connect, table), *_schedules(connect, table), *_once(connect, table)]
    if not {"accounts", "account-mapping"} & broken:
        found += _places(connect, fed, table)
    return found


def _zone(connect: Connect, table: Table) -> Iterator[Mistake]:
    told: list[tuple[Path, str | None]] = [(("time-zone",), connect.time_zone)]
    told += [(("jobs", i, "time-zone"), each.time_zone) for i, each in enumerate(connect.jobs)]
    for path, zone in told:
        try:
            checked("0 0 * * *", zone or "UTC")
        except ConfigError as error:
            fix = "write a name of the IANA database: UTC, Europe/Berlin"
            yield at(table, path, "CFG006", f"{path[-1]}: {error}", fix)


def _schedules(connect: Connect, table: Table) -> Iterator[Mistake]:
    for index, job in enumerate(connect.jobs):
        if job.every is not None and job.cron is not None:
            what = f"the job {job.name} has both `every` and `cron`"
            yield at(table, ("jobs", index, "cron"), "CFG026", what, "remove one of the two")
        if job.every is not None and job.every < 1:
            what = f"the job {job.name} would run every {job.every:g} s"
            fix = "write a second or more, such as `every: 15m`"
            yield at(table, ("jobs", index, "every"), "CFG006", what, fix)
        if job.cron is not None:
            try:
                checked(job.cron, "UTC")
            except ConfigError as error:
                yield at(table, ("jobs", index, "cron"), "CFG006", str(error), _EXAMPLE)


def _once(connect: Connect, table: Table) -> Iterator[Mistake]:
    seen: dict[tuple[str | None, ...], int] = {}
    for index, job in enumerate(connect.jobs):
        key = (job.name, job.account, job.retailer)
        other = next((seen[each] for each in seen if _same(each, key)), None)
        if other is not None:
            what = f"the job {job.name} stands here twice for the same account"
            why = f"the first one: jobs[{other}]"
            fix = "remove one of the two, or give each its `account:` and `retailer:`"
            yield at(table, ("jobs", index, "name"), "CFG013", what, fix, why=why)
        seen.setdefault(key, index)


def _same(one: tuple[str | None, ...], other: tuple[str | None, ...]) -> bool:
    """Say whether two entries are about one job of one account."""
    return one[0] == other[0] and all(
        a == b or None in {a, b} for a, b in zip(one[1:], other[1:], strict=True)
    )


def _places(connect: Connect, fed: Fed, table: Table) -> Iterator[Mistake]:
    there = [(each.name, each.retailer) for each in fed.accounts]
    for index, job in enumerate(connect.jobs):
        yield from _place(job, index, there, table)


def _place(
    job: JobEntry, index: int, there: list[tuple[str, str]], table: Table
) -> Iterator[Mistake]:
    names = sorted({name for name, _ in there})
    if job.account is not None and job.account not in names:
        path: Path = ("jobs", index, "account")
        what = f"jobs[{index}].account names {job.account}, which is not among the accounts"
        fix = did_you_mean(job.account, names, "add it to `accounts:`")
        yield at(table, path, "CFG018", what, fix, why=f"one of {', '.join(names)}")
        return
    retailers = sorted({each for name, each in there if job.account in {None, name}})
    if job.retailer is not None and job.retailer not in retailers:
        what = f"jobs[{index}].retailer names {job.retailer}, which no account has"
        fix = f"write one of {', '.join(retailers)}"
        yield at(table, ("jobs", index, "retailer"), "CFG018", what, fix)
