"""`run --sandbox`: the connector between two systems that run on this machine."""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from fluent_connect.app.config.load import load
from fluent_connect.app.config.result import Config
from fluent_connect.app.dryrun.rehearsal import Rehearsal
from fluent_connect.app.lifetime import run
from fluent_connect.app.options import Options
from fluent_connect.app.service import DOOR_SECRET
from fluent_connect.ingest.webhook import PATH
from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox

SECRET = "sandbox"  # noqa: S105 - of a door to systems that hold nothing
_KINDS = ("order", "customer", "order", "order", "product")


def variables(sandbox: Sandbox) -> dict[str, str]:
    """Return the environment of a connector between the two systems of a sandbox."""
    client, access = sandbox.options.client, sandbox.options.access
    return {
        "FC_PROJECT_KEY": client.project_key,
        "FC_CT_API_URL": sandbox.commercetools_url,
        "FC_CT_AUTH_URL": sandbox.commercetools_url,
        "FC_CT_CLIENT_ID": client.client_id,
        "FC_CT_CLIENT_SECRET": client.client_secret,
        "FC_FLUENT_URL": sandbox.fluent_url,
        "FC_FLUENT_ACCOUNT": access.account,
        "FC_FLUENT_RETAILER": access.retailers[0],
        "FC_FLUENT_USERNAME": access.username,
        "FC_FLUENT_PASSWORD": access.password,
        "FC_FLUENT_CLIENT_ID": access.client_id,
        "FC_FLUENT_CLIENT_SECRET": access.client_secret,
        "FC_FLUENT_CATALOGUE": access.catalogue,
        DOOR_SECRET: SECRET,
    }


def configured(
    sandbox: Sandbox,
    options: Options,
    environ: Mapping[str, str],
    more: Mapping[str, object] | None = None,
) -> Config:
    """Return the configuration of a connector whose one account is the sandbox."""
    overrides = {**options.overrides(), "log.format": "text", **(more or {})}
    return load(options.config, options.profiles, {**environ, **variables(sandbox)}, overrides)


async def play(options: Options, rehearsal: Rehearsal | None = None) -> int:
    """Run both systems and the connector; the shop sells something now and then, until a signal."""
    folder = options.data or Path(os.environ.get("FC_DATA") or "var")
    folder.mkdir(parents=True, exist_ok=True)
    sandbox = await Sandbox.start(SandboxOptions(data=str(folder / "sandbox.db")))
    try:
        config = configured(sandbox, options, os.environ)
        ready = asyncio.Event()
        shop = asyncio.create_task(_sell(sandbox, config, options, ready))
        try:
            return await run(config, min(options.drain, 0.5), ready, rehearsal)
        finally:
            shop.cancel()
    finally:
        await sandbox.stop()


async def _sell(sandbox: Sandbox, config: Config, options: Options, ready: asyncio.Event) -> None:
    """Tell the connector of what the shop holds, and then of ever more."""
    await ready.wait()
    rate = options.rate
    door = f"http://{config.host}:{config.port}{PATH}"
    sandbox.commercetools.notifier.aim(Target(url=door, api_key=SECRET))
    _say(
        _WHERE.format(
            sandbox=sandbox,
            admin=f"http://{config.admin.host}:{config.admin.port}",
            data=f" --data {config.data}" if options.data else "",
            each="write that is not sent" if options.dry_run else "delivery",
        )
    )
    sandbox.announce()
    for number in itertools.count(int(time.time()) % 10_000_000):
        await asyncio.sleep(1 / rate if rate > 0 else 3600)
        if rate > 0:
            sandbox.build(_KINDS[number % len(_KINDS)], range(number, number + 1))


_WHERE = """
A commercetools project and a Fluent OMS run beside the connector. Look at:
  {sandbox.fluent_url}/        what has arrived in Fluent
  {sandbox.commercetools_url}/        what the shop holds, and what it has told
  {admin}/actuator/health      ledger, queues, breakers
  fluent-connect events list{data}           what became of each notification
  fluent-connect ledger{data}                the account of all of them
Each line below is one {each}. Ctrl-C stops everything.
"""


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
