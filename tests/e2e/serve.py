"""Serve as `fluent-connect run` does, with options as JSON: `python serve.py '{"port": 0}'`."""

import sys

import msgspec

from fluent_connect.app.options import Options
from fluent_connect.app.start import serve
from fluent_connect.model.errors import ConfigError


def main(text: str) -> int:
    try:
        return serve(msgspec.json.decode(text, type=Options, dec_hook=lambda kind, of: kind(of)))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
