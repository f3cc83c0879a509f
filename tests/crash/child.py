"""The service as the harness starts it: one process, and on request with a known mistake in it.

`python child.py CONFIG DATA PORT ADMIN_PORT`. FC_CRASH_MUTATION names a mistake; an oracle that
does not see it is no oracle.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fluent_connect.app.options import Options
from fluent_connect.app.start import serve
from fluent_connect.ingest.webhook import Webhook
from fluent_connect.model.ids import new_id

_LATE = 0.5
_late: set[asyncio.Task[Any]] = set()


def answer_early() -> None:
    """Answer 202 before the commit: what is killed within half a second is lost."""
    keep = Webhook._keep

    async def early(webhook: Webhook, *arguments: Any) -> str:
        async def later() -> None:
            await asyncio.sleep(_LATE)
            await keep(webhook, *arguments)

        task = asyncio.create_task(later())
        _late.add(task)
        task.add_done_callback(_late.discard)
        return new_id()

    Webhook._keep = early  # type: ignore[method-assign,assignment]


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
