"""The statements of a commit, as texts that repeat so that they stay prepared."""

from fluent_connect.queues.engines.sqlite.schema import DEAD, PARKED, READY

_COLUMNS = "queue, id, lane, state, rank, grp, due, ordered, origin, headers, body, put_at"
ADD_PARCEL = (
    f"INSERT INTO parcel ({_COLUMNS}) VALUES",
    "(?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
)
ADD_BODY = (
    "INSERT INTO body (id, headers, data, at) VALUES",
    "(?, ?, ?, ?)",
    "ON CONFLICT (id) DO NOTHING",
)
ADD_SEEN = ("INSERT INTO seen (key, at) VALUES", "(?, ?)", "ON CONFLICT (key) DO NOTHING")
_FENCE = ("version", "fingerprint", "output", "deleted", "dependencies", "at")
SET_FENCE = (
    f"INSERT INTO fence (key, {', '.join(_FENCE)}) VALUES",
    "(?, ?, ?, ?, ?, ?, ?)",
    f"ON CONFLICT (key) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in _FENCE)}",
)

_IN = "IN (SELECT value FROM json_each(?))"
EPOCHS = (
    f"SELECT json_group_array(json_array(seq, epoch)) FROM parcel WHERE state = 1 AND seq {_IN}"
)
STANDING = (
    f"SELECT json_array(json((SELECT json_group_array(key) FROM seen WHERE key {_IN})),"
    f" json((SELECT json_group_array(json_array(key, version)) FROM fence WHERE key {_IN})))"
)
GONE = f"DELETE FROM parcel WHERE seq {_IN}"
SET_LATER = (
    f"UPDATE parcel SET state = {READY}, due = ?, tries = tries - ?, reason = ?, waits_for = NULL,"
    " lease_until = NULL WHERE seq = ?"
)
SET_PARKED = (
    f"UPDATE parcel SET state = {PARKED}, waits_for = ?, due = ?, reason = ?, tries = tries - 1,"
    " parks = parks + 1, lease_until = NULL WHERE seq = ?"
)
SET_DEAD = (
    f"UPDATE parcel SET state = {DEAD}, reason = ?, error = ?, lease_until = NULL WHERE seq = ?"
)
RENEW = f"UPDATE parcel SET lease_until = ? WHERE seq {_IN}"
RELEASE = (
    f"UPDATE parcel SET state = {READY}, tries = tries - 1, lease_until = NULL WHERE seq {_IN}"
)
SENT = f"DELETE FROM parcel WHERE queue = ? AND id {_IN}"
REVIVE = (
    f"UPDATE parcel SET state = {READY}, due = ?, tries = 0, parks = 0, first_tried = NULL,"
    f" reason = NULL, error = NULL WHERE state = {DEAD} AND id {_IN}"
)
DROP = (
    f"DELETE FROM parcel WHERE state = {DEAD} AND id {_IN} RETURNING queue, lane, id, origin, tries"
)
WAKE = f"UPDATE parcel SET state = {READY}, due = ? WHERE state = {PARKED} AND waits_for {_IN}"
BODIES = (
    f"DELETE FROM body WHERE id {_IN}"
    " AND NOT EXISTS (SELECT 1 FROM parcel WHERE parcel.origin = body.id)"
)
