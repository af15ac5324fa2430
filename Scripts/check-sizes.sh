#!/bin/bash
# Sizes of files (all) and of functions (Sources; tests are free to tell long stories).
exec python3 -B "$(dirname "$0")/checks/sizes.py"
