"""What the verification of one request costs at each kind of door, in CPU.

python bench/verify.py [--rounds 3000]     prints a table, and one JSON object at the end

A notification of 10 KB goes through the ASGI application with a store that forgets it, at an open
door and at each other one; the difference is the verification. Exits with 1 where a keyed digest
costs more than 1 ms, or RSA with a known key more than 2 ms.
"""

import argparse
import asyncio
import base64
import hmac
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fluent_connect.ingest.verify.bearer import BearerForm
from fluent_connect.ingest.verify.door import Door, Secrets, schemes
from fluent_connect.ingest.verify.hmac_body import HmacForm
from fluent_connect.ingest.verify.pubsub import PubSubForm
from fluent_connect.ingest.verify.sns import SnsForm
from fluent_connect.ingest.webhook import PATH, Webhook
from fluent_connect.queues.store import Store, Verdict, Write
from unit.ingest.signers import NOW, TOPIC, published, sns, token

BODY = json.dumps({"notificationType": "Message", "order": "x" * 10_000}).encode()
STAMP = str(int(NOW))
HMAC_MS, RSA_MS = 1.0, 2.0


class Forgets:
    """Takes every write, and keeps none."""

    async def commit(self, *writes: Write) -> list[Verdict]:
        return [Verdict.APPLIED for _ in writes]


def doors() -> Mapping[str, tuple[str, Secrets, Mapping[str, str], bytes, float]]:
    """Return for each door its scheme, what it knows, what is sent, and the most it may cost."""
    known = base64.b64encode(b"s" * 32).decode()
    swh = hmac.digest(b"s" * 32, f"m.{STAMP}.".encode() + BODY, "sha256")
    plain = hmac.digest(b"hush", BODY, "sha256").hex()
    claims = {"aud": "us", "exp": NOW + 60, "iat": NOW}
    push = {"iss": "https://accounts.google.com", "email": "a@b", "email_verified": True}
    oidc = BearerForm(issuers=["i"], audiences=["us"], key_set="https://issuer.example/keys")
    google = PubSubForm(audiences=["us"], service_accounts=["a@b"])
    notification = sns(Message=BODY.decode())
    secrets = [f"whsec_{known}", "whsec_b3RoZXI="]
    standard = {
        "webhook-id": "m",
        "webhook-timestamp": STAMP,
        "webhook-signature": "v1," + base64.b64encode(swh).decode(),
    }
    bearer = {"authorization": "Bearer " + token({**claims, "iss": "i"})}
    pushed = {"authorization": "Bearer " + token({**claims, **push})}
    topics = Secrets(sns=SnsForm(topics=[TOPIC]))
    return {
        "open": ("none", Secrets(), {}, BODY, 0.0),
        "api-key": ("api-key", Secrets(keys=["k", "l"]), {"x-api-key": "k"}, BODY, HMAC_MS),
        "standard-webhooks": (
            "standard-webhooks",
            Secrets(secrets=secrets),
            standard,
            BODY,
            HMAC_MS,
        ),
        "hmac": (
            "hmac",
            Secrets(secrets=["hush", "other"], hmac=HmacForm(header="x-sig")),
            {"x-sig": plain},
            BODY,
            HMAC_MS,
        ),
        "oidc": ("oidc", Secrets(bearer=oidc), bearer, BODY, RSA_MS),
        "google-pubsub": ("google-pubsub", Secrets(pubsub=google), pushed, BODY, RSA_MS),
        "sns": ("sns", topics, {}, json.dumps(notification).encode(), RSA_MS),
    }


async def cost(name: str, rounds: int) -> float:
    """Return the milliseconds of CPU that a request at the door takes, the best of five runs."""
    scheme, given, headers, body, _ = doors()[name]
    door = Door(name="default", schemes=schemes([scheme], given, published()))
    app = Webhook(cast("Store", Forgets()), {"default": door}, clock=lambda: NOW)
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    raw.append((b"content-type", b"application/json"))
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": raw, "query_string": b""}
    statuses = set()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if "status" in message:
            statuses.add(message["status"])

    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(rounds):
            await app(scope, receive, send)
        best = min(best, (time.process_time() - began) / rounds * 1e3)
    if statuses != {202}:
        raise SystemExit(f"{name}: answered {statuses}")
    return best


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3000)
    rounds = parser.parse_args().rounds
    open_ = await cost("open", rounds)
    print(f"{'open door':20} {open_:7.4f} ms a request")
    results, late = {}, []
    for name, (*_, most) in doors().items():
        if name == "open":
            continue
        results[name] = round(await cost(name, rounds) - open_, 4)
        print(f"{name:20} {results[name]:+7.4f} ms of verification (at most {most:g})")
        late += [name] if results[name] > most else []
    print(json.dumps({"open_ms": round(open_, 4), "verification_ms": results}))
    if late:
        raise SystemExit(f"too slow: {', '.join(late)}")


if __name__ == "__main__":
    asyncio.run(main())
