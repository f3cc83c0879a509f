"""How `trigger` proves at a door who it is, and sends through it."""

import base64
import binascii
import hashlib
import hmac

from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.clients.transports import open_transport
from fluent_connect.ingest.verify.hmac_body import HmacBody
from fluent_connect.model.errors import UnreachableError

_TIMEOUT = 10.0
_PREFIX = "whsec_"
_OK = range(200, 300)
_DENIED = (401, 403)


def proof(door: DoorEntry, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that the door asks for: a signature before a key, a key before a password.

    Raise CliError if the configuration has a secret for none of its schemes.
    """
    schemes = door.all_schemes
    if "standard-webhooks" in schemes and any(door.secrets):
        signed = _signature(door.secrets[0], id_, timestamp, body)
        stamp = {"webhook-id": id_, "webhook-timestamp": str(timestamp)}
        return {**stamp, "webhook-signature": signed}
    if "hmac" in schemes and any(door.secrets):
        return HmacBody(door.secrets, door.hmac.form).proof(body, timestamp)
    keys = [key for key in (*door.keys, *door.secrets) if key]
    if "api-key" in schemes and keys:
        return {door.header: keys[0]}
    if "basic" in schemes and door.users:
        user, password = next(iter(door.users.items()))
        return {"authorization": f"Basic {_base64(f'{user}:{password}'.encode())}"}
    if "none" in schemes:
        return {}
    do = "set FC_DOOR_SECRET, name the service's --config, or give --sandbox"
    raise CliError("CLI015", "no secret for the door is known here", do=do)


async def send(url: str, headers: dict[str, str], body: bytes) -> None:
    """Return once the door has accepted the body. Raise CliError otherwise."""
    transport = open_transport(connections=1)
    try:
        answer = await transport.send(Request("POST", url, headers, body), _TIMEOUT)
    except UnreachableError as error:
        do = "start it with `fluent-connect run`, or name its door with --url"
        raise CliError(
            "CLI011", "the service cannot be reached", where=url, why=str(error), do=do
        ) from error
    finally:
        await transport.close()
    _judge(url, answer)


def _judge(url: str, answer: Answer) -> None:
    if answer.status in _OK:
        return
    why = f"{answer.status} {answer.body[:200].decode('utf-8', 'replace')}"
    if answer.status in _DENIED:
        do = "use the service's own --config, or its FC_DOOR_SECRET"
        raise CliError("CLI012", "the door refused the request", where=url, why=why, do=do)
    do = "is this the door's URL? /api/v1/fluent-connect/external-system/webhook"
    raise CliError("CLI016", "the door did not take the request", where=url, why=why, do=do)


def _signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    signed = b"%b.%d.%b" % (id_.encode(), timestamp, body)
    digest = hmac.digest(_key(secret), signed, hashlib.sha256)
    return f"v1,{_base64(digest)}"


def _key(secret: str) -> bytes:
    """Return the key that a secret means: after `whsec_` base64, else the text as it stands."""
    encoded = secret.removeprefix(_PREFIX)
    if encoded == secret:
        return secret.encode()
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise CliError("CLI015", "the door's secret is no base64 after whsec_") from error


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
