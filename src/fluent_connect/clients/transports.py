"""Which transport to use: one setting."""

from importlib import import_module
from typing import Literal, cast

from fluent_connect.clients.http import AiohttpTransport
from fluent_connect.clients.transport import Transport
from fluent_connect.model.errors import ConfigError

Kind = Literal["aiohttp", "pyreqwest"]


def open_transport(
    kind: Kind = "aiohttp", *, connections: int = 256, keepalive: float = 30.0
) -> Transport:
    """Return a transport of this kind, made for the running event loop; close it at the end.

    Raise ConfigError if the library of `pyreqwest` is not installed (extra `fast`).
    """
    if kind == "aiohttp":
        return AiohttpTransport(connections=connections, keepalive=keepalive)
    try:
        module = import_module("fluent_connect.clients.http_pyreqwest")
    except ModuleNotFoundError as error:
        raise ConfigError(
            "the transport pyreqwest is not installed: pip install 'fluent-connect[fast]', "
            "or use aiohttp"
        ) from error
    made = module.PyreqwestTransport(connections=connections, keepalive=keepalive)
    return cast("Transport", made)
