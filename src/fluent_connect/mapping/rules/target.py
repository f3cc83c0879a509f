"""What a mapping file may fill: a target, with the type of its source."""

import msgspec


class Target(msgspec.Struct, frozen=True):
    """One kind of object that rules fill.

    source: a msgspec.Struct whose fields are the roots of all paths.
    input:  the Fluent input type that is filled ("CreateOrderInput"), so that a field which it
            does not have is a mistake at start; "" = any field goes.
    """

    source: type
    input: str = ""
