"""``python -m ctr_app``: everything that the app does, without a browser."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
