#!/bin/bash
# Every check that needs no build. Run it before each commit.
cd "$(dirname "$0")" || exit 2
status=0
for check in format imports layers sizes docs conformance; do
  [ -f "check-$check.sh" ] || continue
  "./check-$check.sh" || status=1
done
exit $status
