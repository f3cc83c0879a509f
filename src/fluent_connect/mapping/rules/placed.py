"""Errors of rules, with the place of the rule."""

from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Place


class RuleError(UnprocessableError):
    """A rule could not be followed; its text begins with the rule's place."""


def is_placed(error: UnprocessableError) -> bool:
    """Say whether the error names its place, or is a kind of its own that shall pass as it is."""
    return type(error) is not UnprocessableError


def placed(error: UnprocessableError, label: str, place: Place) -> RuleError:
    """Return the error with the field and the place of its rule."""
    return RuleError(f"{place}: {label}: {error}")
