"""Personal data out of what is shown: values are masked by the names that they stand under."""

from collections.abc import Mapping

MASK = "***"

_WORDS = (
    "address",
    "birth",
    "building",
    "city",
    "company",
    "email",
    "fax",
    "firstname",
    "fullname",
    "gender",
    "givenname",
    "iban",
    "ipaddress",
    "lastname",
    "latitude",
    "longitude",
    "middlename",
    "mobile",
    "password",
    "phone",
    "postalcode",
    "postcode",
    "salutation",
    "secret",
    "street",
    "surname",
    "token",
    "username",
    "vatid",
    "zipcode",
)
_WHOLE = frozenset(
    {
        "apartment",
        "authorization",
        "contact",
        "cookie",
        "custom",
        "customername",
        "familyname",
        "pobox",
        "recipient",
        "region",
        "sender",
        "signature",
        "taxid",
        "title",
    }
)
_PERSONS = ("address", "addresses", "customer", "customers", "contact")
_NO_IDS = frozenset({"taxid", "vatid"})
_KEPT = frozenset(
    {
        "id",
        "key",
        "version",
        "typeid",
        "type",
        "country",
        "externalid",
        "sequencenumber",
        "emailverified",
        "isemailverified",
    }
)


def masked(value: object, *, inside: str = "") -> object:
    """Return JSON `value` with every personal value replaced by `***`; its shape stays.

    E-mail addresses, names, phones, streets, places, birth dates, tax and sign-in data, and all
    values of custom fields, whichever system's spelling (camelCase, snake_case, kebab-case). Ids,
    keys, versions and countries stay, so that what is shown can still be searched for.
    """
    if isinstance(value, Mapping):
        shown = {name: _under(str(name), item, inside) for name, item in value.items()}
        return _pair(value, shown)
    if isinstance(value, list | tuple):
        return [masked(item, inside=inside) for item in value]
    return _text(value) if isinstance(value, str) else value


def mask_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return headers without what proves who sent them."""
    return {
        name: MASK if _personal(_plain(name), "") or "key" in name.lower() else value
        for name, value in headers.items()
    }


def _pair(value: Mapping[str, object], shown: dict[str, object]) -> dict[str, object]:
    """Mask the value of an attribute that is told as {"name": ..., "value": ...}."""
    name = value.get("name")
    if isinstance(name, str) and "value" in value and _personal(_plain(name), ""):
        shown["value"] = _hidden(value["value"])
    return shown


def _under(name: str, value: object, inside: str) -> object:
    plain = _plain(name)
    if plain == "custom" and isinstance(value, Mapping):
        return {
            part: masked(item, inside="type") if part == "type" else _hidden(item)
            for part, item in value.items()
        }
    if plain == "customfieldsraw":
        return _hidden(value)
    if isinstance(value, Mapping | list | tuple):
        return masked(value, inside=plain)
    return _hidden(value) if _personal(plain, inside) else masked(value, inside=inside)


def _personal(plain: str, inside: str) -> bool:
    if plain in _KEPT or (plain.endswith(("id", "ids")) and plain not in _NO_IDS):
        return False
    if plain in _WHOLE or any(word in plain for word in _WORDS):
        return True
    return plain == "name" and inside.endswith(_PERSONS)


def _hidden(value: object) -> object:
    """Mask every leaf."""
    if isinstance(value, Mapping):
        return {name: _hidden(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(item) for item in value]
    return MASK if value not in (None, "") else value


def _text(text: str) -> str:
    """Mask an e-mail address that stands under a name which does not tell."""
    name, at, host = text.partition("@")
    alone = bool(at and name and "." in host) and not any(c.isspace() for c in text)
    return MASK if alone else text


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
