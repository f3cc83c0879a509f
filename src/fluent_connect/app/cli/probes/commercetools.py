"""`doctor`: whether commercetools lets us in, and whether each scope is there that we need."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from fluent_connect.app.cli.probes.finding import LONGEST, Finding, bounded, skipped
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.breaker import Breaker
from fluent_connect.clients.budget import Budget
from fluent_connect.clients.commercetools.client import Commercetools, CommercetoolsApi
from fluent_connect.clients.http import Door
from fluent_connect.clients.tokens import ClientCredentials, Tokens
from fluent_connect.clients.trace import Trace
from fluent_connect.clients.transport import Request, Transport
from fluent_connect.model.errors import ConnectError

_SCOPES = {
    "order": "view_orders",
    "customer": "view_customers",
    "product": "view_products",
    "product-type": "view_products",
    "category": "view_categories",
    "payment": "view_payments",
    "standalone-price": "view_standalone_prices",
    "tax-category": "view_tax_categories",
    "channel": "view_products",
    "store": "view_stores",
    "type": "view_types",
}
_WATCHED = {"subscription": "manage_subscriptions"}
"""Of what is asked only where a Subscription is configured."""
_DENIED = re.compile(r"answered 40[13]\b")
_OFF, _FAR = 5.0, 60.0
_KEEPING = (
    "have the project keep Messages, and give the scope view_messages, so that missing ones can be"
    " fetched; or write `gaps: { fetch: false }`"
)
_SIGN_IN = "correct client id, client secret, project key and the two URLs; look at the scopes"


async def commercetools(
    account: Account, transport: Transport, *, subscribed: bool = False, fetched: bool = False
) -> Sequence[Finding]:
    """Return what a project lets an account do: sign in, and read each kind that handlers read.

    subscribed: the Subscription is ours to watch. fetched: missing Messages are to be fetched.
    """
    access = account.commercetools
    group = f"commercetools {access.project_key}"
    tokens = ClientCredentials(access, transport, timeout=LONGEST)
    signed = await bounded(_token(tokens, group), group, "token", _SIGN_IN)
    clock = await bounded(_clock(access.api_url, transport, group), group, "clock", "")
    if signed.state != "ok":
        return [signed, _mild(clock), skipped(group, "scopes", "there is no token")]
    probes = [
        bounded(_scope(account, transport, tokens, type_id), group, type_id, _granting(type_id))
        for type_id in (*_SCOPES, *(_WATCHED if subscribed else ()))
    ]
    found = [*_short(await asyncio.gather(*probes), group)]
    if fetched:
        kept = bounded(_messages(account, transport, tokens), group, "messages", _KEEPING)
        found.append(_doubtful(await kept))
    return [signed, _mild(clock), *found]


async def _token(tokens: Tokens, group: str) -> Finding:
    began = time.monotonic()
    await tokens.renew(Trace())
    left = (tokens.renew_at - time.time()) / 3600
    measured = f"granted in {time.monotonic() - began:.2f} s, good for {left:.1f} h"
    return Finding(group=group, name="token", state="ok", measured=measured, expected="granted")


async def _clock(url: str, transport: Transport, group: str) -> Finding:
    answer = await transport.send(Request("GET", f"{url}/", {}), LONGEST)
    told = answer.headers.get("date") or answer.headers.get("Date")
    if not told:
        return skipped(group, "clock", "the answer has no date")
    off = abs(time.time() - parsedate_to_datetime(told).timestamp())
    return Finding(
        group=group,
        name="clock",
        state="ok" if off < _OFF else "warn" if off < _FAR else "fail",
        measured=f"{off:.0f} s off",
        expected=f"< {_OFF:.0f} s",
        fix="" if off < _OFF else "set the clock by NTP: signatures are good for minutes only",
    )


async def _scope(account: Account, transport: Transport, tokens: Tokens, type_id: str) -> Finding:
    group = f"commercetools {account.commercetools.project_key}"
    try:
        await _view(account, transport, tokens).query(type_id, dict[str, Any], limit=0)
    except ConnectError as error:
        if not _DENIED.search(str(error)):
            raise
        return Finding(
            group=group,
            name=type_id,
            state="fail",
            measured=f"refused: {error}",
            expected=f"scope {_needed(type_id)}:{account.commercetools.project_key}",
            fix=_granting(type_id),
        )
    return Finding(group=group, name=type_id, state="ok", measured="readable")


async def _messages(account: Account, transport: Transport, tokens: Tokens) -> Finding:
    group = f"commercetools {account.commercetools.project_key}"
    await _view(account, transport, tokens).query("message", dict[str, Any], limit=0)
    return Finding(group=group, name="messages", state="ok", measured="may be queried")


def _doubtful(found: Finding) -> Finding:
    """Return a failure as a doubt: the traffic does without it."""
    return msgspec.structs.replace(found, state="warn" if found.state == "fail" else found.state)


def _view(account: Account, transport: Transport, tokens: Tokens) -> Commercetools:
    """Return a client of its own for one probe: what one meets closes no breaker for others."""
    door = Door(
        "commercetools",
        account.name,
        account.commercetools.api_url,
        transport,
        tokens=tokens,
        breaker=Breaker(account.name, "commercetools"),
        budget=Budget(),
        timeout=LONGEST,
    )
    return CommercetoolsApi(door, account.commercetools.project_key).bound(Trace())


def _short(findings: Sequence[Finding], group: str) -> Iterator[Finding]:
    """Yield one line for all that can be read, and one for each that cannot."""
    good = [one.name for one in findings if one.state == "ok"]
    if good:
        yield Finding(
            group=group, name="scopes", state="ok", measured=f"can read {', '.join(good)}"
        )
    yield from (one for one in findings if one.state != "ok")


def _mild(clock: Finding) -> Finding:
    """Return a clock that could not be asked as skipped: the token tells of the connection."""
    lost = clock.state == "fail" and not clock.expected
    return skipped(clock.group, clock.name, clock.measured) if lost else clock


def _needed(type_id: str) -> str:
    return _SCOPES.get(type_id) or _WATCHED[type_id]


def _granting(type_id: str) -> str:
    return f"give the API client the scope {_needed(type_id)} (or manage_...)"
