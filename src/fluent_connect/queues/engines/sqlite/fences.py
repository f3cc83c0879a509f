"""Which versions were applied: fences, read many at once."""

from collections.abc import Sequence

import apsw
import msgspec

from fluent_connect.model.outcome import Fence
from fluent_connect.queues.engines.sqlite.rows import as_list

_SQL_FENCES = (
    "SELECT json_group_array(json_array(key, version, fingerprint, output, deleted,"
    " json(dependencies))) FROM fence"
    " WHERE key IN (SELECT value FROM json_each(?))"
)
_found = msgspec.json.Decoder(list[tuple[str, int, str, str, int, dict[str, int]]]).decode


def fences(connection: apsw.Connection, keys: Sequence[str]) -> dict[str, Fence]:
    """Return the fences that stand."""
    found = _found(connection.execute(_SQL_FENCES, (as_list(keys),)).get)
    return {
        key: Fence(version, fingerprint, output, bool(deleted), dependencies)
        for key, version, fingerprint, output, deleted, dependencies in found
    }
