"""Compiles the programs of the documentation against the module that `swift build` made.

A program is a block marked `swift` that imports Multiprocessing, in README.md and in the articles; other blocks are
fragments. One that marks types `nonisolated` is meant for modules that are MainActor by default, and compiled as such.
"""

import os
import re
import subprocess
import tempfile

from source import ROOT, Findings, tracked_files

BLOCK = re.compile(r"^```swift\n(.*?)^```", re.S | re.M)
IS_FOR_MAIN_ACTOR = re.compile(r"^nonisolated (?:struct|func|enum|final class)", re.M)


def programs():
    for path in tracked_files("README.md", "Sources/Multiprocessing/Multiprocessing.docc"):
        if not path.endswith(".md"):
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for match in BLOCK.finditer(text):
            if re.search(r"^import Multiprocessing$", match[1], re.M):
                yield path, text.count("\n", 0, match.start()) + 1, match[1]


def compile_errors(program, folder):
    source = os.path.join(folder, "main.swift")
    with open(source, "w", encoding="utf-8") as file:
        file.write(program)
    built = os.path.join(ROOT, ".build/debug")
    command = [
        "swiftc", "-swift-version", "6", "-I", f"{built}/Modules",
        "-Xcc", f"-fmodule-map-file={built}/CMultiprocessing.build/module.modulemap",
        "-c", source, "-o", os.path.join(folder, "main.o")]
    if IS_FOR_MAIN_ACTOR.search(program):
        command += ["-default-isolation", "MainActor"]
    # Objects, not a type check: errors of data races and crashes of the compiler come later.
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 0:
        return []
    errors = re.findall(r"main\.swift:(\d+):\d+: (error: .*)", run.stderr)
    return errors or [("1", (run.stderr.strip().splitlines() or ["the compiler crashed"])[-1])]


def main():
    findings, count = Findings("documentation"), 0
    with tempfile.TemporaryDirectory() as folder:
        for path, line, program in programs():
            count += 1
            for number, message in compile_errors(program, folder):
                findings.add(path, line + int(number), message)
    findings.finish(f"{count} programs")


main()
