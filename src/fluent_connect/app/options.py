"""What the command line says of a run."""

from pathlib import Path

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of a run. None: as the configuration says."""

    config: Path | None = None
    profiles: tuple[str, ...] = ()
    host: str | None = None
    port: int | None = None
    admin_port: int | None = None
    data: Path | None = None
    engine: str | None = None
    log_level: str | None = None
    sandbox: bool = False
    dry_run: bool = False
    json: bool = False
    """Dry run: what is shown is JSON."""
    rate: float = 1.0
    """Sandbox: resources made a second."""
    drain: float = 5.0
    """Seconds for which requests are accepted after a stop was asked for."""
    role: str = "all"
    """What this process does: ingest, listen, work, schedule, or all of it."""
    workers: int = 1

    def overrides(self) -> dict[str, object]:
        """Return the flags as `load` takes them."""
        return {
            "host": self.host,
            "port": self.port,
            "admin.port": self.admin_port,
            "data": None if self.data is None else str(self.data.absolute()),
            "engine": self.engine,
            "log.level": self.log_level,
        }
