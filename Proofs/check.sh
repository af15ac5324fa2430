#!/bin/bash
# Checks the models with spin: each as it is has no error, and each of its mutants has one. With `deep`, more deaths too.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
limit=2000000
compiler=$(command -v cc || command -v clang)

# errors MODEL OPTION...: the number of errors that spin finds.
errors() {
  local model=$PWD/$1.pml
  shift
  (cd "$work" && spin -a "$@" "$model" >&2 && "$compiler" -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=3000 -o pan pan.c && ./pan -m$limit) >"$work/log" ||
    { cat "$work/log" >&2; return 1; }
  if grep -qE 'max search depth too small|out of memory' "$work/log"; then cat "$work/log" >&2; return 1; fi
  grep -E 'states, stored' "$work/log" >&2
  sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$work/log"
}

status=0
# expect NUMBER MODEL OPTION...
expect() {
  local wanted=$1 found
  shift
  found=$(errors "$@") || found=none
  echo "model: $* has $found errors"
  [ "$found" = "$wanted" ] || { echo "model: $wanted expected" >&2; status=1; }
}

command -v spin >/dev/null || { echo 'spin is not installed' >&2; exit 2; }
expect 0 lock -DDEATHS=3
for mutant in 1 2 3 4; do expect 1 lock -DDEATHS=3 -DMUTANT=$mutant; done
expect 0 semaphore -DTAKERS=3 -DGIVERS=3 -DDEATHS=0
expect 0 semaphore -DTAKERS=2 -DGIVERS=2 -DDEATHS=2
expect 1 semaphore -DTAKERS=3 -DGIVERS=3 -DDEATHS=0 -DMUTANT=1
for mutant in 2 3 4; do expect 1 semaphore -DTAKERS=2 -DGIVERS=2 -DDEATHS=2 -DMUTANT=$mutant; done
expect 0 ledger -DDEATHS=2
for mutant in 1 2 3 4; do expect 1 ledger -DDEATHS=1 -DMUTANT=$mutant; done
expect 0 barrier -DDEATHS=1
for mutant in 1 2 4; do expect 1 barrier -DDEATHS=0 -DMUTANT=$mutant; done
expect 1 barrier -DDEATHS=1 -DALONE -DMUTANT=3
expect 0 barrier -DCOMERS=3 -DROUNDS=1 -DALONE -DDEATHS=1
expect 1 barrier -DCOMERS=3 -DROUNDS=1 -DALONE -DDEATHS=0 -DMUTANT=5
expect 0 condition -DDEATHS=1 -DALONE
expect 0 condition -DDEATHS=0
for mutant in 1 2 3 5 6 7; do expect 1 condition -DDEATHS=1 -DALONE -DMUTANT=$mutant; done
expect 1 condition -DDEATHS=1 -DLEAVES=0 -DMUTANT=4
expect 0 bell -DDEATHS=0
expect 0 bell -DTAKERS=2 -DWATCHERS=0 -DDEATHS=1
expect 0 bell -DTAKERS=1 -DWATCHERS=1 -DDEATHS=1
for mutant in 1 2 3 4 6; do expect 1 bell -DDEATHS=0 -DMUTANT=$mutant; done
expect 1 bell -DTAKERS=2 -DWATCHERS=0 -DDEATHS=1 -DMUTANT=5
expect 0 bell -DTAKERS=2 -DWATCHERS=0 -DPACED=1 -DDEATHS=1
expect 0 bell -DTAKERS=3 -DWATCHERS=0 -DPUTTERS=1 -DPACED=1 -DDEATHS=0
expect 1 bell -DTAKERS=3 -DWATCHERS=0 -DPUTTERS=1 -DPACED=1 -DDEATHS=0 -DMUTANT=7
# Fifty million states: some minutes, and 3 GB of memory.
if [ "${1-}" = deep ]; then expect 0 condition -DDEATHS=1 -DLEAVES=0; fi
exit $status
