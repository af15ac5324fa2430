#!/bin/bash
# Only MultiprocessingSystem imports the C library and the C target; the core loads no Foundation; every import has an access level.
exec python3 -B "$(dirname "$0")/checks/imports.py"
