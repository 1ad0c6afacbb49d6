"""`python -m schoolops.cli`."""

from __future__ import annotations

import sys

from schoolops.cli import main

if __name__ == "__main__":
    sys.exit(main())
