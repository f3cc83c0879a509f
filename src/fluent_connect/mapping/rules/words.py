"""The words of the mapping language."""

from collections.abc import Sequence

OPERATORS = {
    "path": (),
    "value": (),
    "first": (),
    "join": ("with",),
    "text": (),
    "localized": ("locales",),
    "choose": ("cases",),
    "when": ("then", "else"),
    "money": ("as",),
    "number": ("times", "plus", "digits"),
    "date": ("format", "zone"),
    "each": ("as", "where", "rule", "fields", "use"),
    "spread": ("name", "only", "except"),
    "call": ("with",),
    "fields": (),
    "count": (),
    "sum": ("as",),
}
"""What makes a value, and the options of each."""
MODIFIERS = ("table", "default", "cut", "whole", "required", "upper", "lower", "type")
"""What may stand beside any operator."""
TYPES = ("STRING", "INTEGER", "FLOAT", "BOOLEAN", "JSON")
"""Of attributes, in Fluent's words."""


def operator_of(keys: Sequence[str]) -> Sequence[str]:
    """Return the operators among the keys of a rule; `fields` beside `each` is its option."""
    named = [key for key in keys if key in OPERATORS]
    return [key for key in named if key != "fields" or "each" not in named]
