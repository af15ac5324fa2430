#!/bin/bash
# A folder of Sources/Multiprocessing uses only what is declared in folders to its left.
exec python3 -B "$(dirname "$0")/checks/layers.py"
