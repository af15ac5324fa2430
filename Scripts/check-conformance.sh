#!/bin/bash
# Tests/CONFORMANCE.md names each of CPython's tests once, Tests/PEER_PAINS.md each pain, and both only tests that exist;
# with the results of a run (an xunit file or a log) as argument, that those ran and passed.
exec python3 -B "$(dirname "$0")/checks/conformance.py" "$@"
