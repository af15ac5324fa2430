#!/bin/bash
# The programs of Tests/Programs, built by a real package that depends on this one, in every way a program is built, and
# then checked by ProgramTests. With names of builds as arguments, only those. Prints a table and fails with it.
#
# One line for each way:  name | arguments of swift build | linker | programs
# The folder of a build is kept from run to run in .build/programs; builds with the same arguments share it.
everything='AsyncMain TopLevel SyncMain MainActorDefault NonsendingDefault Everything Nested ExitBehaviour Orphans Stdio
  CrashMessages ReadmeFirst Steps Directories ScarceMemory'
entry='AsyncMain TopLevel SyncMain Everything Nested'
# A sanitizer's own handlers and messages take the place of those that the other programs are about. The thread
# sanitizer's reports are off, so that it shows only that children are entered: it does not see the locking of Swift's
# Mutex on Linux (a program of two threads that share one is reported, and exits with 66). The address sanitizer takes
# a string of asynchronous code at the top level for lost, so TopLevel is not run with it.
watched='AsyncMain SyncMain Nested'
builds=(
  "debug||default|$everything"
  "gold||gold|$entry CrashMessages"
  "lld||lld|$entry CrashMessages"
  "dynamic|shared|default|$entry Orphans CrashMessages"
  "release|-c release|default|$everything"
  "static-stdlib|-c release --static-swift-stdlib|default|$everything"
  "static|-c release --static-swift-stdlib -Xswiftc -static-executable|default|AsyncMain TopLevel SyncMain Nested Orphans"
  "address|--sanitize=address|default|$watched"
  "thread|--sanitize=thread|default|$watched TopLevel"
)

set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 2
cd "$root" || exit 2
work=$root/.build/programs
mkdir -p "$work/logs"

# manifest LINKER LIBRARY PROGRAMS: the package of the programs, which gets the library as LIBRARY gives it.
manifest() {
  local linker='' program flags
  [ "$1" = default ] || linker=", linkerSettings: [.unsafeFlags([\"-use-ld=$1\"])]"
  printf '// swift-tools-version: 6.2\nimport PackageDescription\nlet package = Package(\n  name: "Programs",\n'
  printf '  platforms: [.macOS(.v15)],\n  dependencies: [%s],\n  targets: [\n' "$2"
  for program in $3; do
    flags=$(sed -n '1s,^// flags: ,,p' Tests/Programs/"$program"/*.swift | sed 's/[^ ]*/"&"/g; s/ /, /g')
    printf '    .executableTarget(name: "%s", dependencies: [%s], path: "%s", swiftSettings: [.unsafeFlags([%s])]%s),\n' \
      "$program" "$4" "$program" "$flags" "$linker"
  done
  printf '  ])\n'
}

# A package whose only product is a shared library that holds this package.
shared_package() {
  mkdir -p "$work/shared-library/Sources/Shared"
  printf '@_exported import Multiprocessing\n' >"$work/shared-library/Sources/Shared/Shared.swift"
  cat >"$work/shared-library/Package.swift" <<END
// swift-tools-version: 6.2
import PackageDescription
let package = Package(
  name: "shared-library", platforms: [.macOS(.v15)],
  products: [.library(name: "Shared", type: .dynamic, targets: ["Shared"])],
  dependencies: [.package(name: "swift-multiprocessing", path: "$root")],
  targets: [
    .target(
      name: "Shared", dependencies: [.product(name: "Multiprocessing", package: "swift-multiprocessing")])
  ])
END
}

# write_package FOLDER KIND LINKER PROGRAMS
write_package() {
  local program
  mkdir -p "$1"
  for program in $4; do
    rm -rf "${1:?}/$program"
    cp -R "Tests/Programs/$program" "$1/$program"
  done
  if [ "$2" = shared ]; then
    shared_package
    manifest "$3" '.package(path: "../shared-library")' "$4" '.product(name: "Shared", package: "shared-library")'
  else
    manifest "$3" ".package(name: \"swift-multiprocessing\", path: \"$root\")" "$4" \
      '.product(name: "Multiprocessing", package: "swift-multiprocessing")'
  fi >"$1/Package.swift"
}

# prove NAME ARGUMENTS LINKER PROGRAMS: builds and checks; prints a line for each program.
prove() {
  local name=$1 arguments=$2 kind=package folder log=$work/logs/$1.log program started=$SECONDS filter
  if [ "$arguments" = shared ]; then kind=shared arguments=''; fi
  if [ "$3" != default ] && ! command -v "ld.$3" >/dev/null; then
    printf '%-14s not run: there is no %s\n' "$name" "ld.$3"
    return 0
  fi
  folder=$work/$(printf '%s' "$kind$arguments" | tr -c 'a-z\n' '_')
  write_package "$folder" "$kind" "$3" "$4"
  # Unquoted: several arguments.
  if ! swift build --package-path "$folder" --disable-index-store $arguments >"$log" 2>&1; then
    printf '%-14s FAILED to build (%s)\n' "$name" "$log"
    grep -E 'error:' "$log" | head -n 5
    return 1
  fi
  local products
  products=$(swift build --package-path "$folder" $arguments --show-bin-path)
  printf '%-14s built in %d s\n' "$name" $((SECONDS - started))
  filter="ProgramTests\\.($(printf '%s' "$4" | tr -s ' \n' '|'))Tests"
  MP_PROGRAMS=$products TSAN_OPTIONS=report_bugs=0 \
    LSAN_OPTIONS="suppressions=$root/Scripts/leak-sanitizer-suppressions.txt:print_suppressions=0" \
    swift test --skip-build --filter "$filter" >"$log" 2>&1
  local status=0
  for program in $4; do
    if grep -q "Suite \"$program\" passed" "$log"; then
      printf '%-14s %-18s ok\n' "$name" "$program"
    else
      printf '%-14s %-18s FAILED (%s)\n' "$name" "$program" "$log"
      status=1
    fi
  done
  [ $status -eq 0 ] || grep -E '✘|↳' "$log" | cut -c 1-300 | head -n 20
  return $status
}

swift build --build-tests >"$work/logs/tests.log" 2>&1 || {
  echo "prove-programs: the tests do not build ($work/logs/tests.log)"
  exit 2
}
failed=0
for line in "${builds[@]}"; do
  IFS='|' read -r -d '' name arguments linker programs <<<"$line"
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  prove "$name" "$arguments" "$linker" "$(echo $programs)" || failed=1
done
exit $failed
