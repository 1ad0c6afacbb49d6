"""`python -m agents` is `schoolops-agent`."""

import sys

from agents.lean import main

sys.exit(main())
