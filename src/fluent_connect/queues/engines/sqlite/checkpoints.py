"""Moves what was committed from the log into the file, beside the commits, not within them.

Under load the log begins anew only where a checkpoint by the writer itself finds little left to do.
"""

import threading

import apsw

_SOFT = 8_000
_HARD = 40_000


class Checkpoints:
    """Checkpoints on a thread of its own each time the log has grown by so many pages.

    A commit that had to do it would make everyone wait for it. Only if that thread cannot keep up
    does the writer itself take over.
    """

    def __init__(
        self, path: str, writer: apsw.Connection, *, soft: int = _SOFT, hard: int = _HARD
    ) -> None:
        self._path = path
        self._writer = writer
        self._soft = soft
        self._hard = hard
        self._pages = 0
        self._moved = 0
        """Pages of the log that the last checkpoint has found."""
        self._due = threading.Event()
        self._closing = False
        writer.set_wal_hook(self._committed)
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self._thread.start()

    def after_commit(self) -> None:
        """Checkpoint on the writer's own thread if the log has grown far too long."""
        if self._pages > self._hard:
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._pages = self._moved = 0

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self._due.set()
        self._thread.join()

    def grown(self, pages: int) -> bool:
        """Note how many pages the log holds; say whether that asks for a checkpoint."""
        if pages < self._pages:
            self._moved = 0
        self._pages = pages
        if pages - self._moved < self._soft:
            return False
        self._moved = pages
        return True

    def _committed(self, _: apsw.Connection, __: str, pages: int) -> int:
        if self.grown(pages):
            self._due.set()
        return 0

    def _run(self) -> None:
        connection = apsw.Connection(self._path)
        connection.execute("PRAGMA busy_timeout = 1000").fetchall()
        connection.execute("PRAGMA synchronous = FULL").fetchall()
        while not self._closing:
            self._due.wait()
            self._due.clear()
            if not self._closing:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        connection.close()
