#!/bin/bash
# Builds the service and shuts it down by SIGTERM: once with time enough to finish, once without.
set -u
cd "$(dirname "$0")" || exit 2
build=(swift build --scratch-path ../../../.build/graceful-service)
"${build[@]}" || exit 2
program=$("${build[@]}" --show-bin-path)/graceful-service
log=$(mktemp) || exit 2
service=
trap '[ -n "$service" ] && kill -KILL "$service" 2>/dev/null; rm -f "$log"' EXIT

fail() {
  echo "graceful-service: $1"
  cat "$log"
  exit 1
}

# shut_down ARGUMENTS...: starts the service, sends SIGTERM when it is busy, and sets `status` and `workers`.
shut_down() {
  : >"$log"
  "$program" "$@" 2>"$log" &
  service=$!
  until grep -q busy "$log"; do
    kill -0 "$service" 2>/dev/null || fail "ended before it was told to"
    sleep 0.05
  done
  workers=$(cat /proc/"$service"/task/*/children)
  [ -n "${workers// /}" ] || fail "has no workers"
  kill -TERM "$service"
  wait "$service"
  status=$?
  service=
}

# said WORD KEY: the number of that key in the line with that word.
said() { sed -n "s/.*[ :]$2=\([0-9]*\).* $1\$/\1/p" "$log"; }

# Within ten seconds: the fork server, which is among them, sees that the service has ended and ends, too.
no_workers_left() {
  for _ in {1..100}; do
    left=
    for worker in $workers; do
      # One that nobody reaped is none any more.
      grep -q '^State:[[:space:]]*[^ZX]' "/proc/$worker/status" 2>/dev/null && left+=" $worker"
    done
    [ -z "$left" ] && return
    sleep 0.1
  done
  fail "left behind:$left"
}

shut_down 100 30
[ "$status" -eq 0 ] || fail "ended with status $status"
accepted=$(said closed accepted) completed=$(said drained completed)
[ -n "$accepted" ] && [ "$accepted" = "$completed" ] || fail "accepted '$accepted' jobs, completed '$completed'"
no_workers_left
echo "graceful-service: finished all $accepted jobs after SIGTERM, status 0"

shut_down 600000 1
[ "$status" -eq 1 ] || fail "ended with status $status, not 1, when jobs outlast the grace"
[ "$(said stopped completed)" = 0 ] || fail "did not stop its jobs"
no_workers_left
echo "graceful-service: stopped what outlasted the grace, status 1"
