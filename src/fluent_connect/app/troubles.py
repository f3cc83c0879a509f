"""What brokers do not do at the moment: in the log when it changes, and for readiness meanwhile."""

from collections.abc import Sequence

import structlog


class Troubles:
    """The brokers that do not do their part, and why. Nothing is lost: the journal keeps all."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}
        self._log = structlog.get_logger("fluent_connect")

    def tell(self, engine: str, why: str | None) -> None:
        """Take note of why an engine does not do its part; None: it does again."""
        if why is None:
            if self._found.pop(engine, None) is not None:
                self._log.warning("broker works again", engine=engine)
            return
        if engine not in self._found:
            fix = "nothing is lost: what is put stays in the journal, and is sent once it can be"
            self._log.error("broker in trouble", engine=engine, why=why, fix=fix)
        self._found[engine] = why

    def problems(self) -> Sequence[str]:
        """Return one line for each engine in trouble."""
        return [f"{engine}: {why}" for engine, why in self._found.items()]
