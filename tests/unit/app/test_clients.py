"""What accounts share, and what each has of its own."""

from typing import Any

import pytest
from msgspec.structs import replace

from fluent_connect.app.clients import Clients
from fluent_connect.app.config.sections import Batch, HttpSection
from fluent_connect.clients.breaker import BreakerSettings
from fluent_connect.clients.commercetools.model import Head
from fluent_connect.clients.fluent.batch import BatchSettings
from fluent_connect.clients.http import Trace
from fluent_connect.model.errors import UnreachableError
from fluent_connect.model.notification import Reference
from unit.clients.wire import Wire, account, json


async def test_retailers_of_an_account_share_budget_and_breaker_but_not_clients() -> None:
    one = account("ACME", "1")
    accounts = [one, replace(one, retailer="2"), replace(one, name="OTHER")]
    clients = Clients(accounts, HttpSection())
    try:
        assert {(each.account, each.system) for each in clients.breakers.all()} == {
            (name, system) for name in (one.name, "OTHER") for system in ("commercetools", "fluent")
        }
        assert len(clients._budgets) == 4
        made: list[Any] = [clients(each, Trace()) for each in accounts]
        assert len({id(each) for pair in made for each in pair}) == 6
    finally:
        await clients.close()


async def test_clients_on_the_side_stop_nobody_and_sign_in_like_the_others() -> None:
    wire = Wire(json({}, status=403))
    one = account("ACME", "1")
    clients = Clients([one], HttpSection(), transport=wire)
    beside = clients.beside(BreakerSettings(wait=0.001))
    commercetools, _ = beside(one, Trace())
    with pytest.raises(UnreachableError):
        await commercetools.get(Reference("order", "o"), Head)
    assert [each for each in beside.breakers.all() if not each.closed]
    assert not clients.breakers.paused()
    other = replace(one, commercetools=replace(one.commercetools, client_secret="new"))
    assert clients.sign_in_as([other]) == ["ACME/1 commercetools"]
    assert not beside.sign_in_as([other])
    await clients.close()


@pytest.mark.parametrize(("most", "shared"), [(1, False), (7, True)])
async def test_the_configuration_says_how_many_operations_share_a_request(
    most: int, shared: bool
) -> None:
    one = account("ACME", "1")
    clients = Clients([one], HttpSection(batch=Batch(max=most, parallel=3)))
    try:
        batcher = clients._apis[one.name, one.retailer].fluent.graphql._batcher
        assert (batcher is not None) is shared
        if batcher is not None:
            assert batcher._settings == BatchSettings(most=7, parallel=3)
    finally:
        await clients.close()
