"""`python -m benchmarks.store`."""

import sys

from benchmarks.store.comparing import main

if __name__ == "__main__":
    sys.exit(main())
