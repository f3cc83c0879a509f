"""Update actions of orders and payments."""

# ruff: noqa: ARG001 - all of a table's functions take the same arguments.

import uuid

from fluent_connect.sandbox.commercetools.actions import Action, Setter, item
from fluent_connect.sandbox.commercetools.errors import invalid
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.project import Project, now


def add_payment(project: Project, order: Json, action: Json) -> list[Json]:
    """Refer to one more payment."""
    order.setdefault("paymentInfo", {"payments": []})["payments"].append(action["payment"])
    return [{"type": "OrderPaymentAdded", "paymentRef": action["payment"]}]


def remove_payment(project: Project, order: Json, action: Json) -> list[Json]:
    """Refer to a payment no more."""
    payments = order.get("paymentInfo", {}).get("payments", [])
    kept = [one for one in payments if one["id"] != action["payment"]["id"]]
    order["paymentInfo"] = {"payments": kept}
    if not kept:
        del order["paymentInfo"]
    return [
        {
            "type": "OrderPaymentRemoved",
            "paymentRef": action["payment"],
            "removedPaymentInfo": not kept,
        }
    ]


def transition_state(project: Project, order: Json, action: Json) -> list[Json]:
    """Move the order to another workflow state."""
    before = order.get("state")
    order["state"] = action["state"]
    old = {"oldState": before} if before else {}
    told = {"type": "OrderStateTransition", "state": action["state"], **old}
    return [told | {"force": bool(action.get("force"))}]


def transition_line(project: Project, order: Json, action: Json) -> list[Json]:
    """Move a quantity of a line from one state to another."""
    line = item(order, "lineItems", action["lineItemId"])
    quantity = int(action["quantity"])
    states = {one["state"]["id"]: int(one["quantity"]) for one in line.get("state", ())}
    source, target = action["fromState"], action["toState"]
    if states.get(source["id"], 0) < quantity:
        raise invalid("The line has not so many items in that state.", "InvalidOperation")
    states[source["id"]] -= quantity
    states[target["id"]] = states.get(target["id"], 0) + quantity
    line["state"] = [
        {"quantity": count, "state": {"typeId": "state", "id": id_}}
        for id_, count in states.items()
        if count
    ]
    told = {name: action[name] for name in ("lineItemId", "quantity", "fromState", "toState")}
    date = action.get("actualTransitionDate", now())
    return [{"type": "LineItemStateTransition", "transitionDate": date, **told}]


def add_delivery(project: Project, order: Json, action: Json) -> list[Json]:
    """Note a delivery with its parcels."""
    if "shippingInfo" not in order:
        raise invalid("The order has no shipping info.", "InvalidOperation")
    parcels = [
        {"id": str(uuid.uuid4()), "createdAt": now(), **one} for one in action.get("parcels", ())
    ]
    delivery: Json = {"id": str(uuid.uuid4()), "createdAt": now(), "parcels": parcels}
    delivery["items"] = action.get("items", [])
    delivery |= {name: action[name] for name in ("address",) if name in action}
    if "deliveryKey" in action:
        delivery["key"] = action["deliveryKey"]
    order["shippingInfo"].setdefault("deliveries", []).append(delivery)
    return [{"type": "DeliveryAdded", "delivery": delivery}]


def add_parcel(project: Project, order: Json, action: Json) -> list[Json]:
    """Note one more parcel of a delivery."""
    deliveries = order.get("shippingInfo", {}).get("deliveries", [])
    by = ("id", action["deliveryId"]) if "deliveryId" in action else ("key", action["deliveryKey"])
    delivery = next((one for one in deliveries if one.get(by[0]) == by[1]), None)
    if delivery is None:
        raise invalid(f"There is no delivery '{by[1]}'.", "InvalidOperation")
    names = ("parcelKey", "measurements", "trackingData", "items")
    parcel: Json = {"id": str(uuid.uuid4()), "createdAt": now(), "items": []}
    parcel |= {name: action[name] for name in names if name in action}
    delivery["parcels"].append(parcel)
    return [{"type": "ParcelAddedToDelivery", "delivery": delivery, "parcel": parcel}]


def add_return(project: Project, order: Json, action: Json) -> list[Json]:
    """Note that items come back."""
    items = [
        {
            "id": str(uuid.uuid4()),
            "type": "LineItemReturnItem",
            "createdAt": now(),
            "lastModifiedAt": now(),
            "paymentState": "Initial" if one["shipmentState"] == "Returned" else "NonRefundable",
            **one,
        }
        for one in action["items"]
    ]
    names = ("returnTrackingId", "returnDate")
    info = {"items": items} | {name: action[name] for name in names if name in action}
    order.setdefault("returnInfo", []).append(info)
    return [{"type": "ReturnInfoAdded", "returnInfo": info}]


def set_return_state(project: Project, order: Json, action: Json) -> list[Json]:
    """Note how far a returned item is."""
    for info in order.get("returnInfo", ()):
        for one in info["items"]:
            if one["id"] == action["returnItemId"]:
                one["shipmentState"] = action["shipmentState"]
                told = {"returnItemId": one["id"], "returnShipmentState": one["shipmentState"]}
                return [{"type": "OrderReturnShipmentStateChanged", **told}]
    raise invalid(f"There is no return item '{action['returnItemId']}'.", "InvalidOperation")


def update_sync_info(project: Project, order: Json, action: Json) -> list[Json]:
    """Note that the order was handed on to a channel."""
    info: Json = {name: action[name] for name in ("channel", "externalId") if name in action}
    info["syncedAt"] = action.get("syncedAt", now())
    others = [one for one in order.get("syncInfo", ()) if one["channel"] != action["channel"]]
    order["syncInfo"] = [*others, info]
    return []


def set_line_field(project: Project, order: Json, action: Json) -> list[Json]:
    """Set a custom field of a line."""
    line = item(order, "lineItems", action["lineItemId"])
    fields = line.setdefault("custom", {"fields": {}})["fields"]
    fields[action["name"]] = action.get("value")
    return []


def add_transaction(project: Project, payment: Json, action: Json) -> list[Json]:
    """Note one more transaction."""
    made = {
        "id": str(uuid.uuid4()),
        "timestamp": now(),
        "state": "Initial",
        **action["transaction"],
    }
    payment.setdefault("transactions", []).append(made)
    return [{"type": "PaymentTransactionAdded", "transaction": made}]


def change_transaction(project: Project, payment: Json, action: Json) -> list[Json]:
    """Change the state of a transaction."""
    transaction = item(payment, "transactions", action["transactionId"])
    if transaction["state"] == action["state"]:
        return []
    transaction["state"] = action["state"]
    told = {"transactionId": transaction["id"], "state": action["state"]}
    return [{"type": "PaymentTransactionStateChanged", **told}]


def set_interface_code(project: Project, payment: Json, action: Json) -> list[Json]:
    """Set the provider's own status."""
    payment.setdefault("paymentStatus", {})["interfaceCode"] = action.get("interfaceCode")
    told = {"paymentId": payment["id"], "interfaceCode": action.get("interfaceCode")}
    return [{"type": "PaymentStatusInterfaceCodeSet", **told}]


def set_method(project: Project, payment: Json, action: Json) -> list[Json]:
    """Set how it is paid."""
    info = payment.setdefault("paymentMethodInfo", {})
    before = info.get("method")
    info["method"] = action.get("method")
    told = {"method": action.get("method"), "oldMethod": before}
    return [{"type": "PaymentMethodInfoMethodSet", **told}]


def _address(field: str, message: str) -> Setter:
    return Setter(field, "address", message, "address", "oldAddress")


ORDER: dict[str, Action] = {
    "changeOrderState": Setter("orderState", "", "OrderStateChanged", "", "oldOrderState"),
    "changePaymentState": Setter(
        "paymentState", "", "OrderPaymentStateChanged", "", "oldPaymentState"
    ),
    "changeShipmentState": Setter(
        "shipmentState", "", "OrderShipmentStateChanged", "", "oldShipmentState"
    ),
    "setOrderNumber": Setter("orderNumber"),
    "setCustomerId": Setter("customerId"),
    "setLocale": Setter("locale"),
    "setStore": Setter("store", "", "OrderStoreSet"),
    "setCustomerEmail": Setter("customerEmail", "email", "OrderCustomerEmailSet", "", "oldEmail"),
    "setShippingAddress": _address("shippingAddress", "OrderShippingAddressSet"),
    "setBillingAddress": _address("billingAddress", "OrderBillingAddressSet"),
    "setPurchaseOrderNumber": Setter(
        "purchaseOrderNumber", "", "OrderPurchaseOrderNumberSet", "", "oldPurchaseOrderNumber"
    ),
    "addPayment": add_payment,
    "removePayment": remove_payment,
    "transitionState": transition_state,
    "transitionLineItemState": transition_line,
    "addDelivery": add_delivery,
    "addParcelToDelivery": add_parcel,
    "addReturnInfo": add_return,
    "setReturnShipmentState": set_return_state,
    "updateSyncInfo": update_sync_info,
    "setLineItemCustomField": set_line_field,
}
PAYMENT: dict[str, Action] = {
    "addTransaction": add_transaction,
    "changeTransactionState": change_transaction,
    "changeAmountPlanned": Setter("amountPlanned", "amount"),
    "setStatusInterfaceCode": set_interface_code,
    "setMethodInfoMethod": set_method,
    "setInterfaceId": Setter("interfaceId", "", "PaymentInterfaceIdSet", "", "oldInterfaceId"),
    "setCustomer": Setter("customer"),
}
