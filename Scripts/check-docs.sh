#!/bin/bash
# Public declarations are documented, unsafe code says why it is safe, nothing is unfinished.
exec python3 -B "$(dirname "$0")/checks/docs.py"
