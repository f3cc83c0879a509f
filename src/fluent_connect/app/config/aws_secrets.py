"""Reads secrets of AWS Secrets Manager: the one file that talks to it."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from fluent_connect.app.config.mistakes import CredentialError

_AT_ONCE = 8
_TIMEOUT = 5.0
_TRIES = 3


def fetch(
    names: Sequence[str], prefix: str, region: str | None, endpoint: str | None
) -> Mapping[str, str]:
    """Return the text of each secret that is there (prefix + name); blocks for some seconds.

    Sign-in and region are AWS's usual ones (variables, profile, the role of the task or instance).
    Raise CredentialError if it cannot be asked, or says no.
    """
    try:
        from aiobotocore.session import get_session  # noqa: PLC0415 - an extra
    except ImportError as error:
        what = "the credential manager aws-secrets-manager is not installed"
        fix = "pip install 'fluent-connect[aws]', or FC_CREDENTIAL_CREDENTIAL_MANAGER=env"
        raise CredentialError(what, "CFG019", fix) from error
    return _in_a_thread(_all(get_session(), names, prefix, region, endpoint))


async def _all(
    session: Any, names: Sequence[str], prefix: str, region: str | None, endpoint: str | None
) -> Mapping[str, str]:
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra

    config = AioConfig(
        connect_timeout=_TIMEOUT, read_timeout=_TIMEOUT, retries={"total_max_attempts": _TRIES}
    )
    gate = asyncio.Semaphore(_AT_ONCE)
    try:
        async with session.create_client(
            "secretsmanager", region_name=region, endpoint_url=endpoint, config=config
        ) as client:

            async def one(name: str) -> str | None:
                async with gate:
                    return await _value(client, prefix + name)

            texts = await asyncio.gather(*map(one, names))
    except (BotoCoreError, ClientError, ValueError) as error:
        what = f"AWS Secrets Manager could not be asked for {prefix}…: {error}"
        fix = (
            "may this host reach it, is AWS_REGION (or credential.region) set, and is "
            f"secretsmanager:GetSecretValue allowed on {prefix}*?"
        )
        raise CredentialError(what, "CFG060", fix) from error
    return {name: text for name, text in zip(names, texts, strict=True) if text is not None}


async def _value(client: Any, name: str) -> str | None:
    """Return the current text of a secret; None if there is no such secret, or it holds no text."""
    try:
        answer = await client.get_secret_value(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        return None
    text = answer.get("SecretString")
    return text if isinstance(text, str) else None


def _in_a_thread(asking: Any) -> Mapping[str, str]:
    """Return what a coroutine comes to, wherever we are called: a loop may run in this thread."""
    came: list[Mapping[str, str] | BaseException] = []

    def run() -> None:
        try:
            came.append(asyncio.run(asking))
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            came.append(error)

    thread = threading.Thread(target=run, name="aws-secrets")
    thread.start()
    thread.join()
    if isinstance(came[0], BaseException):
        raise came[0]
    return came[0]
