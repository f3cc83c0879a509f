"""The jobs that a configuration offers, and which of them an operator means."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from fluent_connect.app.build import job_table, planned_jobs
from fluent_connect.app.cli.configuration import examined, loaded
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.app.config.result import Config
from fluent_connect.app.discovery import discover
from fluent_connect.app.job_pages import Offered, offered_jobs
from fluent_connect.jobs.scheduler import Planned, Scheduler
from fluent_connect.queues.store import Store


class Offers(msgspec.Struct, frozen=True):
    """All jobs of all accounts, and when they are due by themselves."""

    all: Sequence[Offered]
    planned: Sequence[Planned]

    async def due(self, opened: Store) -> Mapping[str, float]:
        """Return when each is due next, by its name."""
        return await Scheduler(opened, self.planned).next_due()


def offered(
    config: Path | None,
    profiles: Sequence[str] | None,
    data: Path | None = None,
    place: tuple[str, str] | None = None,
) -> Offers:
    """Return the jobs that there are by the configuration.

    `place`: an account and retailer that are told, so that no configuration need name them.
    """
    examine = loaded if place is None else _readable
    found = examine(config, profiles, data)
    jobs = job_table(found.jobs, found.routes, discover(found.packages, found.paths))
    places = [place] if place else [(each.name, each.retailer) for each in found.accounts]
    planned = planned_jobs(found.jobs, found.accounts, found.time_zone)
    return Offers(offered_jobs(jobs, places), planned)


def _readable(config: Path | None, profiles: Sequence[str] | None, data: Path | None) -> Config:
    return examined(config, profiles, data).config


def the_one(offers: Offers, job: str, account: str | None, retailer: str | None) -> Offered:
    """Return the one job that is meant. Raise CliError if there is none, or more than one."""
    same = [each for each in offers.all if each.job == job]
    if not same:
        known = sorted({each.job for each in offers.all})
        otherwise = f"there are: {', '.join(known) or 'none'}"
        do = did_you_mean(job, known, otherwise)
        raise CliError("CLI014", f"no job is called {job!r}", do=do)
    fits = [
        each
        for each in same
        if account in {None, each.account} and retailer in {None, each.retailer}
    ]
    places = ", ".join(f"{each.account}/{each.retailer}" for each in same)
    if not fits:
        told = f"no account {account or ''}/{retailer or ''}".rstrip("/")
        raise CliError("CLI014", f"{told} has the job {job}", do=f"there are: {places}")
    if len(fits) > 1:
        do = f"add --account and --retailer: {places}"
        raise CliError("CLI005", f"several accounts have the job {job}", do=do)
    return fits[0]


def props_of(told: Sequence[str]) -> dict[str, str]:
    """Return the props that `NAME=VALUE` flags give."""
    found = {}
    for each in told:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise CliError("CLI004", f"{each!r} is no prop", do="write --prop name=value")
        found[name] = value
    return found
