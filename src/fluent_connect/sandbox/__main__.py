"""The sandbox as a process: `python -m fluent_connect.sandbox '{"orders": 3}'` (Options)."""

import sys

import msgspec
import uvloop

from fluent_connect.sandbox.servers import Options, serve

if __name__ == "__main__":
    text = sys.argv[1] if len(sys.argv) > 1 else "{}"
    uvloop.run(serve(msgspec.json.decode(text, type=Options)))
