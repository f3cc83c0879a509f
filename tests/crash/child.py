"""The service as the harness starts it: one process, and on request with a known mistake in it.

`python child.py CONFIG DATA PORT ADMIN_PORT`. FC_CRASH_MUTATION names a mistake; an oracle that
does not see it is no oracle.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from fluent_connect.app.options import Options
from fluent_connect.app.start import serve
from fluent_connect.ingest.intake import Intake, Told
from fluent_connect.queues.store import Verdict, Write

_LATE = 0.5


def answer_early() -> None:
    """Answer 202 before the commit: what is killed within half a second is lost."""
    add = Intake.add

    def early(intake: Intake, write: Write, told: Told) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(told, Verdict.APPLIED)
        loop.call_later(_LATE, add, intake, write, lambda _: None)

    Intake.add = early  # type: ignore[method-assign,assignment]


MUTATIONS: Mapping[str, Callable[[], None]] = {"answer-early": answer_early}


def main(arguments: list[str]) -> int:
    config, data, port, admin = arguments
    mutation = os.environ.get("FC_CRASH_MUTATION", "")
    if mutation:
        MUTATIONS[mutation]()
    return serve(
        Options(
            config=Path(config),
            data=Path(data),
            host="127.0.0.1",
            port=int(port),
            admin_port=int(admin),
            drain=0.0,
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
