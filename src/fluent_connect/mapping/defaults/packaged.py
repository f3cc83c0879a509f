"""Our own mapping files, one an entity."""

import functools
from importlib.resources import files

from fluent_connect.mapping.rules.blocks import Blocks, parsed


@functools.cache
def packaged() -> Blocks:
    """Return the rules that hold where no file of a partner says otherwise."""
    folder = files("fluent_connect.mapping.defaults")
    found = sorted(each.name for each in folder.iterdir() if each.name.endswith(".yml"))
    blocks = Blocks()
    for name in found:
        text = (folder / name).read_text(encoding="utf-8")
        blocks = parsed(text, f"mapping/defaults/{name}").over(blocks)
    return blocks
