"""What goes wrong at the command line: a code, what, where, why, and what to do about it."""

from collections.abc import Mapping
from typing import NamedTuple

OK, FAILED, USAGE, INVALID, DENIED, UNREACHABLE = range(6)
NOT_FOUND, CONFLICT, PARTLY, PROBLEMS = range(6, 10)
BUG, INTERRUPTED = 70, 130

EXITS: Mapping[int, str] = {
    OK: "done",
    FAILED: "failed; what `trigger` sent is dead; a run of a job failed",
    USAGE: "the command line is wrong, or an answer is missing",
    INVALID: "the configuration or a handler is invalid",
    DENIED: "not allowed, or wrong credentials",
    UNREACHABLE: "something that is needed cannot be reached",
    NOT_FOUND: "there is no such thing",
    CONFLICT: "a precondition does not hold: newer schema, lock held, file exists",
    PARTLY: "done in part; what `trigger` sent still waits",
    PROBLEMS: "a check found problems: `check`, `doctor`, `reconcile`…; two mappings differ",
    BUG: "our bug",
    INTERRUPTED: "interrupted by Ctrl-C",
    143: "terminated",
}
"""What each exit code means. None is ever used for anything else."""


class Known(NamedTuple):
    """What a code stands for, and the exit code that goes with it."""

    exit: int
    meaning: str


ERRORS: Mapping[str, Known] = {
    "CLI001": Known(USAGE, "there is no such command"),
    "CLI002": Known(USAGE, "an option or an argument is wrong or missing"),
    "CLI003": Known(USAGE, "a question cannot be asked without a terminal: give --yes"),
    "CLI004": Known(USAGE, "a value cannot be read: a time, a state, a number"),
    "CLI005": Known(USAGE, "nothing was chosen: give ids, a filter or --all"),
    "CLI006": Known(NOT_FOUND, "there is no store at that place"),
    "CLI007": Known(NOT_FOUND, "the store holds nothing of that name"),
    "CLI008": Known(CONFLICT, "it cannot be so now: newer schema, lock or port held, other engine"),
    "CLI009": Known(CONFLICT, "the file to be written exists already"),
    "CLI010": Known(UNREACHABLE, "the store cannot be read or written now"),
    "CLI011": Known(UNREACHABLE, "the service cannot be reached"),
    "CLI012": Known(DENIED, "the door refused the request"),
    "CLI013": Known(CONFLICT, "the file is no sound backup"),
    "CLI014": Known(NOT_FOUND, "no route or account is called so"),
    "CLI015": Known(INVALID, "the configuration names no secret for the door"),
    "CLI016": Known(FAILED, "the door answered something else than 2xx"),
    "CLI017": Known(CONFLICT, "the service could not be started"),
    "CLI018": Known(USAGE, "the number typed is not the number of dead letters"),
    "CLI019": Known(CONFLICT, "a dry run was given the data folder of a service"),
    "CLI020": Known(UNREACHABLE, "commercetools or Fluent could not be read"),
    "CLI021": Known(USAGE, "the file holds no resource, notification or envelope that is known"),
    "CLI022": Known(INVALID, "the URL of a queue leads nowhere, or its engine is not installed"),
    "CLI023": Known(UNREACHABLE, "a broker cannot be reached"),
    "CLI030": Known(CONFLICT, "a run of the job is queued or runs already"),
    "CLI031": Known(CONFLICT, "orders of history are loaded as a type that starts no fulfilment"),
    "CLI070": Known(BUG, "our bug: please report it with the traceback"),
}
"""Every code of the command line; mistakes of the configuration have CFG codes of their own."""

_PAGE = "docs/reference/cli.md"


class CliError(Exception):
    """Ends a command: `code` is one of ERRORS and decides the exit code."""

    def __init__(
        self, code: str, what: str, *, where: str = "", why: str = "", do: str = ""
    ) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.where = where
        self.why = why
        self.do = do

    @property
    def exit(self) -> int:
        """Return the exit code."""
        return ERRORS[self.code].exit


def render(error: CliError) -> str:
    """Return the error as a person reads it."""
    rows = (("where", error.where), ("why", error.why), ("do", error.do))
    lines = [f"{error.code}  {error.what}"]
    lines += [f"  {name:<6} {text}" for name, text in rows if text]
    lines.append(f"  docs   {_PAGE}#{error.code.lower()}")
    return "\n".join(lines)
