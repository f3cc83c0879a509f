"""Errors of rules, with the place of the rule."""

from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Place


class RuleError(UnprocessableError):
    """A rule could not be followed; its text begins with the rule's place."""


def placed(error: UnprocessableError, label: str, place: Place) -> UnprocessableError:
    """Return the error with the field and the place of its rule, if it does not name one yet."""
    if type(error) is not UnprocessableError:
        return error
    return RuleError(f"{place}: {label}: {error}")
