"""`python -m benchmarks.ingest`."""

import sys

if __name__ == "__main__":
    # Every process of the load imports this file anew and has no use for the rest.
    from benchmarks.ingest.comparing import main

    sys.exit(main())
