"""`python -m benchmarks.rules`."""

import os
import sys

if __name__ == "__main__":
    # One core: polars decides how many threads it uses when it is imported.
    os.environ["POLARS_MAX_THREADS"] = "1"
    from benchmarks.rules.comparing import main

    sys.exit(main())
