#!/bin/bash
# The layout rules of .swift-format. To apply them: swift format --in-place --recursive Package.swift Sources Tests
set -u
cd "$(dirname "$0")/.." || exit 2
folders=(Package.swift)
for folder in Sources Tests Examples Benchmarks; do
  [ -d "$folder" ] && folders+=("$folder")
done
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- "${folders[@]}" | grep '\.swift$' | sort -u)
existing=()
for file in "${files[@]}"; do
  [ -f "$file" ] && existing+=("$file")
done
if swift format lint --strict --parallel "${existing[@]}"; then
  echo "format: ok (${#existing[@]} files)"
else
  echo "format: wrong (apply with: swift format --in-place FILE)"
  exit 1
fi
