"""`python -m fluent_connect`: the command line."""

import sys

from fluent_connect.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
