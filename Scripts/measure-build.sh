#!/bin/bash
# What a clean build of a program costs its user: processor time in user mode of `swift build`, for an empty program
# that depends on swift-log alone, and for one that depends on this package's core. The goal: at most three times.
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 2
work=$root/.build/measure
mkdir -p "$work"

# write_package NAME DEPENDENCY PRODUCT PACKAGE IMPORT
write_package() {
  mkdir -p "$work/$1/Sources/program"
  printf 'import %s\n\nprint("built")\n' "$5" >"$work/$1/Sources/program/main.swift"
  cat >"$work/$1/Package.swift" <<END
// swift-tools-version: 6.2
import PackageDescription
let package = Package(
  name: "$1", platforms: [.macOS(.v15)], dependencies: [$2],
  targets: [.executableTarget(name: "program", dependencies: [.product(name: "$3", package: "$4")])])
END
}

# seconds NAME CONFIGURATION: user time of a clean build. Fetching and reading the manifests are not part of it.
seconds() {
  local folder=$work/$1
  swift package --package-path "$folder" resolve >/dev/null 2>&1 || return 1
  rm -rf "${folder:?}/.build/$(uname -m)-unknown-linux-gnu" "$folder/.build/debug" "$folder/.build/release"
  local TIMEFORMAT=%U
  { time swift build --package-path "$folder" -c "$2" --product program >"$folder/$2.log" 2>&1; } 2>&1
  grep -q 'Compiling\|Build complete' "$folder/$2.log"
}

write_package empty ".package(url: \"https://github.com/apple/swift-log\", from: \"1.16.2\")" Logging swift-log Logging
write_package core ".package(name: \"swift-multiprocessing\", path: \"$root\")" Multiprocessing swift-multiprocessing \
  Multiprocessing
status=0
for configuration in debug release; do
  if ! empty=$(seconds empty "$configuration") || ! core=$(seconds core "$configuration"); then
    echo "measure-build: a $configuration build failed ($work/*/$configuration.log)"
    exit 2
  fi
  # Only the product MultiprocessingAuthentication needs it.
  if find -L "$work/core/.build/$configuration" -ipath '*crypto*' -name '*.o' | grep -q .; then
    echo "measure-build: swift-crypto is built for a program that depends on the core alone"
    status=1
  fi
  awk -v name="$configuration" -v empty="$empty" -v core="$core" 'BEGIN {
    printf "measure-build: %-8s swift-log alone %5.1f s, with this package %5.1f s: %.1f times\n", name, empty, core,
      core / empty
    exit core > 3 * empty
  }' || status=1
done
exit $status
