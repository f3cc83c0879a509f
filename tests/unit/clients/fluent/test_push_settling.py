import pytest

from fluent_connect.clients.fluent.errors import ErrorTable
from fluent_connect.clients.fluent.graphql import Graphql
from fluent_connect.clients.fluent.model import Parent, Ref, Upsert
from fluent_connect.clients.fluent.push import Pusher, PushSettings
from fluent_connect.clients.http import Trace
from fluent_connect.model.errors import (
    MissingParentError,
    RetryableError,
)
from fluent_connect.model.notification import Reference
from unit.clients.fluent.pushes import CATALOGUE, fluent, push, sent
from unit.clients.wire import Clock, Wire, fluent_door, found, made, refusal

WITH_CUSTOMER = Upsert(
    entity="order",
    ref="1234",
    create={"ref": "1234", "customer": {"id": Ref("customer", "c-1", {"username": "c-1"})}},
)


async def test_a_customer_is_looked_up_once_and_remembered() -> None:
    customer = {"id": 9, "ref": "c-1", "username": "c-1"}
    wire = Wire(
        found(),
        found(customer),
        made("createOrder", id="1", ref="1234"),
        found(),
        made("createOrder", id="2", ref="1234"),
    )
    api = fluent(wire)

    await api.push(WITH_CUSTOMER)
    await api.push(WITH_CUSTOMER)

    assert sent(wire) == ["findOrder", "findCustomer", "createOrder", "findOrder", "createOrder"]
    assert wire.bodies()[2]["variables"]["input"]["customer"] == {"id": "9"}


async def test_a_missing_customer_is_created_and_a_duplicate_is_read() -> None:
    customer = {"id": "9", "ref": "c-1", "username": "c-1"}
    wire = Wire(
        found(),
        found(),
        refusal("C0123E"),
        found(customer),
        made("createOrder", id="1", ref="1234"),
    )

    await push(wire, WITH_CUSTOMER)

    assert sent(wire)[1:4] == ["findCustomer", "createCustomer", "findCustomer"]
    assert wire.bodies()[4]["variables"]["input"]["customer"] == {"id": "9"}


async def test_a_customer_that_is_missing_and_not_to_be_made_is_a_missing_parent() -> None:
    change = Upsert(
        entity="order",
        ref="1234",
        create={"ref": "1234", "customer": {"id": Ref("customer", "c-1")}},
        parents=(Parent("customer", "c-1", Reference("customer", "c-1")),),
    )

    with pytest.raises(MissingParentError):
        await push(Wire(found(), found()), change)


async def test_a_remembered_number_that_is_no_longer_good_is_looked_up_again() -> None:
    old, new = ({"id": n, "username": "c-1"} for n in ("8", "9"))
    wire = Wire(
        found(),
        found(old),
        made("createOrder", id="1", ref="1234"),
        found(),
        refusal("C0120E"),
        found(new),
        made("createOrder", id="2", ref="1234"),
    )
    api = fluent(wire)

    await api.push(WITH_CUSTOMER)
    await api.push(WITH_CUSTOMER)

    assert wire.bodies()[-1]["variables"]["input"]["customer"] == {"id": "9"}


def pusher(wire: Wire, clock: Clock) -> Pusher:
    graphql = Graphql(fluent_door(wire, clock), ErrorTable())
    return Pusher(graphql, "1", PushSettings(), clock=clock, sleep=clock.sleep)


UNPUBLISHED = Upsert(
    entity="standardProduct",
    ref="P_1",
    create={"ref": "P_1", "catalogue": CATALOGUE},
    update={"catalogue": CATALOGUE, "status": "INACTIVE"},
)


NEW = {"id": "5", "ref": "P_1", "status": "CREATED", "createdOn": "1970-01-12T13:46:30.000Z"}


async def test_a_status_is_set_once_the_entity_has_left_created() -> None:
    clock = Clock()
    wire = Wire(
        found(),
        made("createStandardProduct", id="5", ref="P_1", status="CREATED"),
        found(NEW),
        found(NEW),
        found({**NEW, "status": "ACTIVE"}),
        made("updateStandardProduct", id="5", ref="P_1"),
    )

    pushed = await pusher(wire, clock).upsert(UNPUBLISHED, Trace())

    assert pushed.how == "created"
    assert wire.bodies()[-1]["variables"]["input"]["status"] == "INACTIVE"


async def test_a_workflow_that_sets_the_status_itself_costs_no_update() -> None:
    change = Upsert(
        entity="standardProduct",
        ref="P_1",
        create=UNPUBLISHED.create,
        update={"catalogue": CATALOGUE, "status": "ACTIVE"},
    )
    wire = Wire(
        found(),
        made("createStandardProduct", id="5", ref="P_1", status="CREATED"),
        found({**NEW, "status": "ACTIVE"}),
    )

    assert (await push(wire, change)).how == "created"
    assert len(wire.requests) == 3


async def test_an_entity_that_stays_created_is_come_back_to_and_no_try_is_counted() -> None:
    wire = Wire(found(NEW))

    with pytest.raises(RetryableError, match="CREATED") as caught:
        await pusher(wire, Clock()).upsert(UNPUBLISHED, Trace())

    assert not caught.value.counts


async def test_an_old_entity_that_still_is_created_has_no_workflow_and_is_written() -> None:
    old = {**NEW, "createdOn": "1970-01-12T13:30:00.000Z"}
    wire = Wire(found(old), made("updateStandardProduct", id="5", ref="P_1"))

    assert (await pusher(wire, Clock()).upsert(UNPUBLISHED, Trace())).how == "updated"
