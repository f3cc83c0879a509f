"""By which of its own values people look for a resource. Pure."""

from collections.abc import Iterator, Mapping

_NAMES = (
    ("order-number", "orderNumber", "order_number"),
    ("customer", "customerId", "customer_id"),
    ("customer-number", "customerNumber", "customer_number"),
)
"""Kind in the journal's index, commercetools' field, and the field of a typed resource."""


def identifiers(resource: object) -> Iterator[tuple[str, str]]:
    """Yield the numbers that stand in a resource, whether it is typed or plain JSON."""
    for kind, field, attribute in _NAMES:
        if isinstance(resource, Mapping):
            value = resource.get(field)
        else:
            value = getattr(resource, attribute, None)
        if isinstance(value, str) and value:
            yield kind, value
