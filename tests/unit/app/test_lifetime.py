"""What a process arranges for itself before it serves."""

import subprocess
import sys

_PROGRAM = """
import resource
from fluent_connect.app.lifetime import _allow_connections
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
_allow_connections()
soft, now = resource.getrlimit(resource.RLIMIT_NOFILE)
assert now == hard
print(soft, hard)
"""


def test_connections_may_take_all_the_files_that_there_are() -> None:
    out = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=True)
    soft, hard = map(int, out.stdout.split())
    assert soft == (min(hard, 65_536) if hard > 0 else 65_536)
