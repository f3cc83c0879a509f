"""Webhooks that Fluent sends: an event, signed with the account's key."""

import asyncio
import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SCHEDULE = (0.0, 2.0, 4.0, 8.0)
"""Seconds before each try (fluent-api.md 5)."""


class Webhooks:
    """A key pair, and what is sent with it."""

    def __init__(self, account: str, retailer: str) -> None:
        self._account = account
        self._retailer = retailer

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_key(self) -> str:
        """Return the key that receivers verify with: SubjectPublicKeyInfo in base64, one line."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the headers of a body: SHA512withRSA over its bytes."""
        signature = self._key.sign(body, padding.PKCS1v15(), hashes.SHA512())
        encoded = base64.b64encode(signature).decode()
        return {"content-type": "application/json", "fluent-signature": encoded}

    def event(self, name: str, entity_type: str, **fields: Any) -> dict[str, Any]:
        """Return the body of a webhook about an entity."""
        return {
            "id": str(uuid.uuid4()),
            "name": name,
            "accountId": self._account,
            "retailerId": self._retailer,
            "entityType": entity_type,
            "type": "NORMAL",
            "attributes": {},
            **fields,
        }

    async def send(
        self, url: str, event: Mapping[str, Any], schedule: Sequence[float] = SCHEDULE
    ) -> int:
        """Send it until it is answered 200, or the schedule is over; return the last status."""
        body = json.dumps(event).encode()
        status = 0
        async with aiohttp.ClientSession() as session:
            for wait in schedule:
                await asyncio.sleep(wait)
                status = await _post(session, url, body, self.sign(body))
                if status == 200:  # noqa: PLR2004
                    break
        return status


async def _post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]
) -> int:
    try:
        async with session.post(url, data=body, headers=headers) as response:
            return response.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0
