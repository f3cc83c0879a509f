"""The rules of mapping/defaults/order.yml as plain Python, for bench/mapping.py."""

from fluent_connect.mapping.address import full_name, phone, second_line, street
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.localized import localized
from fluent_connect.mapping.text import cut, fits, whole

TAX_MODES = {"External": "External", "ExternalAmount": "ExternalAmount", "Disabled": "Disabled"}
CARDS = ("AMEX", "DINERS", "DISCOVER", "INTERAC", "JCB", "MAESTRO", "MASTERCARD", "UNIONPAY")
BRANDS = {"MC": "MASTERCARD", "VISA": "VISA", **{each: each for each in CARDS}}


def order(source, settings):
    order, made = source.order, source.made
    fields = {"type": made.type, "totalPrice": made.price, "totalTaxPrice": made.tax}
    unit, group = order.business_unit, order.customer_group
    named = {
        "commercetoolsId": order.id,
        "commercetoolsOrderId": order.id,
        "commercetoolsVersion": order.version,
        "orderNumber": order.order_number,
        "orderDate": order.created_at,
        "commercetoolsCustomerId": order.customer_id,
        "commercetoolsCartId": order.cart.id if order.cart else None,
        "purchaseOrderNumber": order.purchase_order_number,
        "businessUnit": (unit.key or unit.id) if unit else None,
        "customerGroup": key_of(group),
        "store": (order.store.key or order.store.id) if order.store else None,
        "quote": (order.quote.key or order.quote.id) if order.quote else None,
        "recurringOrder": key_of(order.recurring_order),
        "discountOnTotalPrice": made.discount,
        "discountCodes": made.discount_codes,
        "customLines": made.custom_lines,
        "taxMode": TAX_MODES.get(order.tax_mode),
        "taxPortions": made.tax_portions,
        "paymentState": order.payment_state,
        "openPayments": made.open_payments,
        "country": order.country,
        "locale": order.locale,
        "origin": order.origin,
    }
    return with_attributes(fields, named, order.custom, settings)


def item(source, settings):
    item, line = source.item, source.line
    fields = priced(item, settings)
    images = line.variant.images
    named = {
        "commercetoolsLineItemId": line.id,
        "commercetoolsProductId": line.product_id,
        "lineItemKey": line.key,
        "lineItemMode": "GiftLineItem" if line.line_item_mode == "GiftLineItem" else None,
        "productKey": line.product_key,
        "productName": localized(line.name, settings.locales),
        "imageUrl": images[0].url if images else None,
        "supplyChannel": key_of(line.supply_channel),
        "distributionChannel": key_of(line.distribution_channel),
        "inventoryMode": line.inventory_mode,
    }
    made = with_attributes(fields, named, None, settings)
    if item.tax_rate is not None:
        rate = {"name": "taxRate", "type": "FLOAT", "value": float(item.tax_rate.amount)}
        made.setdefault("attributes", []).append(rate)
    more = {"discounts": item.discounts, **(line.custom.fields if line.custom else {})}
    if rest := attributes(more, settings):
        made.setdefault("attributes", []).extend(rest)
    return made


def priced(item, settings):
    return {
        "ref": whole(item.ref, 255, "the ref of an item"),
        "productRef": whole(item.sku, 255, "the SKU of an item"),
        "productCatalogueRef": settings.catalogue,
        "fulfilmentChoiceRef": item.choice_ref,
        "quantity": item.quantity,
        "currency": item.currency,
        "price": item.price,
        "paidPrice": item.paid_price,
        "taxPrice": item.tax_price,
        "taxType": cut(item.tax_type, 255),
        "totalPrice": item.net,
        "totalTaxPrice": item.tax,
    }


def choice(source, settings):
    choice, to, info = source.choice, source.recipient, source.shipment.info
    email = fits(to.email, 255) or fits(source.order.customer_email, 255)
    fields = {
        "ref": choice.ref,
        "type": choice.type,
        "currency": choice.currency,
        "deliveryType": cut(choice.delivery_type, 255) or "STANDARD",
        "fulfilmentType": choice.fulfilment_type,
        "fulfilmentPrice": choice.price,
        "fulfilmentTaxPrice": choice.tax,
        "pickupLocationRef": choice.pickup and whole(choice.pickup, 255, "the pickup location"),
        "deliveryFirstName": cut(to.first_name, 255),
        "deliveryLastName": cut(to.last_name, 255),
        "deliveryContact": phone(to, 255),
        "deliveryEmail": email,
        "deliveryInstruction": cut(to.additional_address_info, 255),
    }
    named = {
        "shippingKey": source.shipment.key if source.order.shipping_mode == "Multiple" else None,
        "shippingMethod": key_of(info.shipping_method) if info else None,
        "shippingMethodName": info.shipping_method_name if info else None,
    }
    return with_attributes(fields, named, source.shipment.custom, settings)


def address(source, settings):
    address = source.address
    fields = {
        "ref": source.ref and whole(source.ref, 255, "the ref of an address"),
        "companyName": cut(address.company, 255),
        "name": cut(full_name(address), 255),
        "street": cut(street(address), 255),
        "street2": cut(second_line(address), 255),
        "city": cut(address.city, 255),
        "state": cut(address.state, 200),
        "postcode": cut(address.postal_code, 100),
        "region": cut(address.region, 250),
        "country": cut(address.country, 100),
        "email": fits(address.email, 255),
    }
    return said(fields)


def transaction(source, settings):
    payment, held = source.payment, source.held
    info = payment.payment_method_info
    fields = {
        "ref": whole(payment.id, 255, "the ref of a payment"),
        "type": "PAYMENT",
        "amount": held.amount,
        "scale": held.scale,
        "unscaledValue": held.unscaled,
        "currency": whole(held.currency, 3, "the currency of a payment"),
        "externalTransactionCode": cut(payment.interface_id, 255),
        "externalTransactionId": cut(source.transaction.interaction_id, 255),
        "cardType": BRANDS.get(info.method.upper()) if info and info.method else None,
        "paymentMethod": cut(held.method, 255) or "UNKNOWN",
        "paymentProvider": cut(info.payment_interface, 255) if info else None,
    }
    status = payment.payment_status
    named = {
        "commercetoolsId": payment.id,
        "commercetoolsVersion": payment.version,
        "commercetoolsTransactionType": held.type,
        "paymentKey": payment.key,
        "exactAmount": held.exact,
        "refundedAmount": held.refunded,
        "interfaceCode": status.interface_code if status else None,
    }
    return with_attributes(fields, named, payment.custom, settings)


def with_attributes(fields, named, custom, settings):
    made = said(fields)
    values = {**named, **custom.fields, **named} if custom else named
    if listed := attributes(values, settings):
        made["attributes"] = listed
    return made


def said(fields):
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def key_of(link):
    return ((link.obj.key if link.obj else None) or link.key or link.id) if link else None


BY_HAND = {
    "order": order,
    "item": item,
    "fulfilment-choice": choice,
    "delivery-address": address,
    "billing-address": address,
    "financial-transaction": transaction,
}
