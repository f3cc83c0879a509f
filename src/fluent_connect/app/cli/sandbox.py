"""`sandbox`: a commercetools project and a Fluent OMS on this machine, until a signal."""

import os
from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli.framework import application, command
from fluent_connect.app.cli.running import not_started

app = application()
Port = Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 = any free one.")]
_SECRET = "FC_DOOR_SECRET"  # noqa: S105 - the name of the variable


@command(app, "sandbox", "sandbox", "sandbox --notify http://127.0.0.1:8080/… --data shop.db")
def start(
    *,
    commercetools_port: Port = 8090,
    fluent_port: Port = 8091,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FILE", help="Keep the shop in this file.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another shop.")] = 1,
    customers: Annotated[int, typer.Option("--customers", min=0, help="To begin with.")] = 8,
    orders: Annotated[int, typer.Option("--orders", min=0, help="To begin with.")] = 12,
    notify: Annotated[
        str | None,
        typer.Option("--notify", metavar="URL", help=f"Send notifications there ({_SECRET})."),
    ] = None,
    announce: Annotated[
        bool, typer.Option("--announce", help="Notify of what the shop begins with, too.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="As always: one line of JSON says where they are.")
    ] = False,
) -> None:
    """Start both systems; a line of JSON says where they are and how to sign in. Ctrl-C stops them.

    Notifications carry the secret in FC_DOOR_SECRET as x-api-key.
    """
    del json  # the ready line is JSON without being asked, for the tools that read it

    import uvloop  # noqa: PLC0415 - the servers, not for --help

    from fluent_connect.sandbox.commercetools.envelopes import Target  # noqa: PLC0415 - as above
    from fluent_connect.sandbox.servers import Options, serve  # noqa: PLC0415 - as above

    targets = [Target(url=notify, api_key=os.environ.get(_SECRET, ""))] if notify else []
    options = Options(
        ports=(commercetools_port, fluent_port),
        host=host,
        data=str(data) if data else ":memory:",
        seed=seed,
        customers=customers,
        orders=orders,
        announce=announce,
        notify=targets,
    )
    try:
        uvloop.run(serve(options))
    except OSError as error:
        raise not_started(error) from error
