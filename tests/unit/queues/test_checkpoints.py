"""The log is moved into the file beside the commits, and stays small."""

from pathlib import Path

from fluent_connect.queues.engines.sqlite.checkpoints import Checkpoints
from fluent_connect.queues.engines.sqlite.schema import connect

_PAGE = 4096
_FRAME = _PAGE + 24


def test_the_log_begins_anew_however_much_is_written(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    writer = connect(str(path))
    writer.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB)").fetchall()
    checkpoints = Checkpoints(str(path), writer, soft=50, hard=200)
    for n in range(3000):
        writer.execute("INSERT INTO t VALUES (?, ?)", (n, b"x" * _PAGE)).fetchall()
        checkpoints.after_commit()
    checkpoints.close()
    written = path.stat().st_size
    log = Path(f"{path}-wal").stat().st_size
    writer.close()
    assert written > 1500 * _PAGE
    assert log < 3000 * _FRAME


def test_a_commit_asks_for_a_checkpoint_once_each_time_the_log_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "connect.db"
    writer = connect(str(path))
    checkpoints = Checkpoints(str(path), writer, soft=1_000_000, hard=2_000_000)
    asked = [pages for pages in range(0, 5_000_000, 250_000) if checkpoints.grown(pages)]
    checkpoints.close()
    writer.close()
    assert asked == [1_000_000, 2_000_000, 3_000_000, 4_000_000]
