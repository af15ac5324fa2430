"""Who may import what, and that every import says how far it reaches."""

import re

from source import Findings, sources

SYSTEM = {"Glibc", "Musl", "Darwin", "Bionic", "WASILibc", "CMultiprocessing"}
NOT_IN_CORE = {"Foundation", "FoundationEssentials", "Dispatch"}
IMPORT = re.compile(
    r"^\s*(?P<attributes>(?:@\w+(?:\([^)]*\))?\s+)*)(?P<access>(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(?P<module>\w+)")


def main():
    findings = Findings("imports")
    files = sources("Sources")
    for source in files:
        target = source.path.split("/")[1]
        for number, line in enumerate(source.code_lines, 1):
            match = IMPORT.match(line)
            if not match:
                continue
            module = match["module"]
            if not match["access"]:
                findings.add(source.path, number, f"import of {module} without an access level: say internal, package or public")
            if module in SYSTEM and target != "MultiprocessingSystem":
                findings.add(source.path, number, f"{module} is imported by MultiprocessingSystem only: add a typed wrapper there")
            if target == "Multiprocessing" and module in NOT_IN_CORE:
                findings.add(source.path, number, f"the core does not load {module}: it costs milliseconds of every start")
    findings.finish(f"{len(files)} files")


main()
