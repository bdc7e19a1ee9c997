"""``python -m ctr_app``: everything that the app does, without a browser."""

import os
import sys

# Threads that wait for each other sleep instead of spinning: spinning makes training ten times slower on a machine that
# has something else to do. Read by torch's thread pool when it is loaded, so it stands before the imports.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
