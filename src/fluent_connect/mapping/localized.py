"""One text out of many languages."""

from collections.abc import Mapping, Sequence

from fluent_connect.mapping.text import clean


def localized(texts: Mapping[str, str] | None, locales: Sequence[str]) -> str | None:
    """Return the text of the first locale that has one.

    Each locale is tried as it stands, then by its language alone ("en-GB", then "en"); after all
    of them any text will do, the first by the name of its locale.
    """
    if not texts:
        return None
    wanted = [name for locale in locales for name in (locale, locale.partition("-")[0])]
    for name in (*wanted, *sorted(texts)):
        found = clean(texts.get(name))
        if found is not None:
            return found
    return None


def spoken(texts: Mapping[str, str] | None) -> dict[str, str]:
    """Return the texts that say something, clean, by their locales."""
    made = ((name, clean(text)) for name, text in (texts or {}).items())
    return {name: text for name, text in made if text is not None}
