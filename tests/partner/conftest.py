"""The partner's folder stands beside the tests, as it would beside the connector."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
