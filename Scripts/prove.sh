#!/bin/bash
# Long proofs, for the continuous run and before a release. With names as arguments, only those.
#
# A step is one line here and one function below. It is left out, and said to be, while no file matches what it needs, and
# when what is left of MP_PROVE_SECONDS is less than it usually takes, or comes to its end meanwhile (a continuous run has an
# end; by hand there is none). The first are the last to be left out. One that had twice its usual time has failed: it may
# hang.
#   name | needs a test file whose text matches | seconds allowed, and usual on two slow cores | what it shows
steps=(
  'kill_at_every_step|StepDeath.|600|150|no death at any step of an operation on a primitive wedges it or loses a wake-up'
  'spin_models|StepDeath.|600|210|the models of lock, semaphore, barrier, condition and bell hold in every interleaving, and their mutants do not'
  'chaos|MP_CHAOS_SEEDS|600|150|in a hundred kinds of chaos each of a thousand tasks is accounted for exactly once'
  'queue_storm|MP_QUEUE_SEEDS|900|200|nothing is lost or doubled in a hundred storms of kills but by the calls that died'
  'release_tests|@Test|1200|900|the tests pass with optimisation'
  'codec_fuzz|MP_FUZZ_ITERATIONS|600|40|a million damaged frames are refused, none is fatal'
  'many_starts|MP_PROVE|900|130|ten thousand starts by each method leave nothing behind'
  'long_chaos|MP_CHAOS_TASKS|600|100|so is each of a hundred thousand in a row, and each input of streams in chaos of their own'
  'thread_sanitizer|@Test|600|260|no data race in what runs in one process'
  'address_sanitizer|@Test|600|260|no bad access in what runs in one process'
  'documentation|withProcessPool|300|60|the programs in the documentation compile'
  'programs|ContractUsage|900|330|children are entered in programs built in release, statically, and with sanitizers'
)

# Folders whose tests run under sanitizers, but for files that start children: a sanitizer's runtime does not follow a
# fork of a process with threads, and may hang there.
one_process=(Errors Transfer Waiting Progress Logging)

release=(-c release -Xswiftc -enable-testing)

# Filters name files, because suites may be named by sentences: whole names, for the end of one may be another's. A filter
# that matches nothing makes its step fail.
any_of() { sed 's|.*/|/|; s|\.|\\.|g; s|$|:|' | sort -u | paste -sd '|'; }
files_that_mention() { grep -rlF --include='*.swift' -- "$1" Tests | any_of; }
files_of_one_process() {
  local folder
  for folder in "${one_process[@]}"; do find "Tests/MultiprocessingTests/$folder" -name '*.swift' 2>/dev/null; done |
    xargs grep -LE 'ChildProcess|ProcessPool|runIsolated' | any_of
}

# Without the examples and the programs, which are programs of their own and built by other steps.
release_tests() { MP_LIBRARY_ONLY=1 swift test "${release[@]}"; }
codec_fuzz() { MP_LIBRARY_ONLY=1 MP_FUZZ_ITERATIONS=1000000 swift test "${release[@]}" --filter "$(files_that_mention MP_FUZZ_ITERATIONS)"; }
# One test after another: the memory of this process is measured.
many_starts() { MP_LIBRARY_ONLY=1 MP_PROVE=1 swift test "${release[@]}" --no-parallel --filter "$(files_that_mention MP_PROVE)"; }
# In debug builds, which count steps.
kill_at_every_step() { MP_PROVE=1 swift test --filter "$(files_that_mention StepDeath.)"; }
queue_storm() { MP_QUEUE_SEEDS=100 swift test --filter "$(files_that_mention MP_QUEUE_SEEDS)"; }
chaos() { MP_CHAOS_SEEDS=100 swift test --filter "$(files_that_mention MP_CHAOS_SEEDS)"; }
long_chaos() { MP_CHAOS_TASKS=100000 swift test --filter "$(files_that_mention MP_CHAOS_TASKS)"; }
spin_models() { Proofs/check.sh; }
programs() { Scripts/prove-programs.sh release static-stdlib address thread; }
documentation() { swift build && python3 -B Scripts/checks/documentation.py; }
thread_sanitizer() {
  export MP_CORE_ONLY=1
  TSAN_OPTIONS="suppressions=$PWD/Scripts/thread-sanitizer-suppressions.txt" \
    swift test --sanitize=thread --scratch-path .build/thread --filter "$(files_of_one_process)"
}
# Without the small stacks of NestingTests: the sanitizer makes frames several times larger than those the bounds are for.
# Leaks are not looked for: XCTest's runner has some of its own, and the event log keeps its old destinations on purpose.
address_sanitizer() {
  export MP_CORE_ONLY=1
  ASAN_OPTIONS=detect_leaks=0 \
    swift test --sanitize=address --scratch-path .build/address --filter "$(files_of_one_process)" \
    --skip 'NestingTests\.swift'
}

set -u
cd "$(dirname "$0")/.." || exit 2
logs=.build/prove
mkdir -p "$logs"
rm -f "$logs/released"

# run NAME SECONDS: one step, its output in a file; shown only when it fails.
run() {
  local log="$logs/$1.log"
  timeout --kill-after=10 "$2" bash -c "$(declare -p release one_process); $(declare -f); $1" >"$log" 2>&1
}

# left: how many seconds are left; more than any step takes where there is no end.
left() { echo $((${MP_PROVE_SECONDS:-1000000} - SECONDS)); }

# needed NAME USUAL: how long a step will take here. Who comes first after release_tests was left out makes its build.
needed() {
  case $1 in
    codec_fuzz | many_starts) [ -e "$logs/released" ] && echo "$2" || echo $(($2 + 700)) ;;
    *) echo "$2" ;;
  esac
}

# wanted NAME [ARGUMENTS]: the step was asked for, or nothing in particular was.
wanted() {
  [ $# -eq 1 ] && return 0
  local name=$1 candidate
  shift
  for candidate in "$@"; do [ "$candidate" = "$name" ] && return 0; done
  return 1
}

failed=0
for step in "${steps[@]}"; do
  IFS='|' read -r name needs limit usual shows <<<"$step"
  wanted "$name" "$@" || continue
  if ! grep -rqsF --include='*.swift' -- "$needs" Tests; then
    printf 'prove: %-18s not there yet (no test mentions %s)\n' "$name" "$needs"
    continue
  fi
  if [ "$(left)" -lt "$(needed "$name" "$usual")" ]; then
    printf 'prove: %-18s left out: no time is left for it\n' "$name"
    continue
  fi
  start=$SECONDS
  rest=$(left)
  run "$name" $((limit < rest ? limit : rest))
  status=$?
  case $name in release_tests | codec_fuzz | many_starts) [ $status -eq 0 ] && touch "$logs/released" ;; esac
  if [[ $status =~ ^(124|137)$ ]] && [ "$rest" -lt "$limit" ] && [ $((SECONDS - start)) -ge "$rest" ] &&
    [ "$rest" -lt $((2 * $(needed "$name" "$usual"))) ]; then
    printf 'prove: %-18s left out: no time was left for it after %d s\n' "$name" $((SECONDS - start))
  elif [ $status -eq 0 ] && ! grep -q 'Test run with 0 tests' "$logs/$name.log"; then
    printf 'prove: %-18s ok     %4d s  %s\n' "$name" $((SECONDS - start)) "$shows"
  else
    failed=1
    printf 'prove: %-18s FAILED %4d s  %s (%s)\n' "$name" $((SECONDS - start)) "$shows" "$logs/$name.log"
    grep -E '(^|: )error:|✘|FAILED|SUMMARY' "$logs/$name.log" | tail -n 20
    tail -n 5 "$logs/$name.log"
  fi
done
exit $failed
