"""The connector between two sandboxes: what it is configured with, and that it sells."""

from pathlib import Path

from e2e.harness import Inside, settled, until
from fluent_connect.app.options import Options
from fluent_connect.app.playground import SECRET, configured, variables
from fluent_connect.ingest.webhook import PATH
from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox


async def test_the_one_account_is_the_sandbox(tmp_path: Path) -> None:
    async with Sandbox(SandboxOptions(customers=1, orders=1)) as sandbox:
        config = configured(sandbox, Options(data=tmp_path, port=0), {}, {"disk.warn": "70%"})
        (account,) = config.accounts
        assert account.commercetools.api_url == sandbox.commercetools_url
        assert account.fluent.url == sandbox.fluent_url
        assert (config.disk.warn, config.data, config.port) == (0.7, tmp_path, 0)
        assert variables(sandbox)["FC_DOOR_SECRET"] == SECRET


async def test_what_the_shop_announces_arrives(tmp_path: Path) -> None:
    options = SandboxOptions(customers=2, orders=1)
    async with Sandbox(options) as sandbox, Inside(sandbox, tmp_path) as connector:
        notifier = sandbox.commercetools.notifier
        notifier.aim(Target(url=connector.url + PATH, api_key=SECRET))
        announced = sandbox.announce()
        await until(lambda: not notifier.counts()["waiting"])
        ledger = await settled(tmp_path, announced)
        assert ledger.dead == ledger.unaccounted == 0
        assert sandbox.fluent.entities.counts()["order"] == 1
