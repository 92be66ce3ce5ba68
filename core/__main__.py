"""Command line: `python -m core`."""

import sys

from core.interfaces.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
