"""What the conformance tests share: a shop in the sandbox's Fluent."""

from unit.sandbox.caller import CATALOGUE, Caller, customer, product


async def _shop(caller: Caller) -> str:
    """Make a customer and a product with a variant; return the customer's id."""
    await caller.made("createStandardProduct", product("P1"))
    variant = product("V1", product={"ref": "P1", "catalogue": CATALOGUE})
    await caller.made("createVariantProduct", variant)
    made = await caller.made("createCustomer", customer())
    return str(made["id"])
