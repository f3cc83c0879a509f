"""Which handler does the job of which name, and how the configuration wants it done."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from fluent_connect.jobs.job_handler import JobHandler
from fluent_connect.model.errors import UnprocessableError

OVERLAP = 300.0
TRAIL = 60.0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job: its handler, and what the configuration says of its runs.

    account, retailer: the only ones that it is for; None: all.
    overlap: seconds by which a window begins before the end of the last one.
    trail:   seconds by which it ends before now.
    rate:    messages a second; 0: as fast as they are read.
    """

    name: str
    handler: JobHandler
    props: Mapping[str, str] = {}
    account: str | None = None
    retailer: str | None = None
    overlap: float = OVERLAP
    trail: float = TRAIL
    rate: float = 0.0

    def suits(self, account: str, retailer: str) -> bool:
        """Say whether the job is for this account and retailer."""
        return self.account in {None, account} and self.retailer in {None, retailer}


class JobTable:
    """All jobs of an installation. One of a name for an account goes before one for all."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = tuple(jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def names(self) -> list[str]:
        """Return the names of all jobs."""
        return sorted({job.name for job in self._jobs})

    def find(self, name: str, account: str, retailer: str) -> Job:
        """Return the job. Raise UnprocessableError if there is none of this name for them."""
        same = [job for job in self._jobs if job.name == name]
        fits = [job for job in same if job.suits(account, retailer)]
        if not fits:
            known = ", ".join(self.names()) or "none"
            where = f" for {account}/{retailer}" if same else ""
            raise UnprocessableError(f"no job is called {name}{where}; there are: {known}")
        return max(fits, key=lambda job: (job.account is not None, job.retailer is not None))
