"""`python -m agents` is `schoolops-agent`."""

import sys

from agents.cli import main

sys.exit(main())
