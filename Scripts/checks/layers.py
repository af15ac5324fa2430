"""A folder of Sources/Multiprocessing may use only what is declared in folders to its left.

Known by name: types and free functions declared at the top level of a file. Members of extensions are not followed.
"""

import re

from source import Findings, sources, tracked_files

TARGET = "Sources/Multiprocessing"
LAYERS = [
    ["Errors"], ["Transfer"], ["Waiting"], ["SharedMemory"], ["Synchronization"], ["SharedValues"], ["Channels"],
    ["Progress", "Logging"], ["Processes"], ["Pools", "Managers"],
]
RANK = {folder: rank for rank, folders in enumerate(LAYERS) for folder in folders}
VAGUE = {"Utils", "Utilities", "Helpers", "Common", "Core", "Misc", "Extensions", "Support"}
MODIFIERS = r"(?:@\w+(?:\([^)]*\))?\s+|\w+(?:\(\w+\))?\s+)*?"
DECLARATION = re.compile(
    r"^\s*(?P<modifiers>" + MODIFIERS + r")(?P<kind>struct|class|enum|actor|protocol|typealias|macro|func)\s+(?P<name>\w+)")
NAME = re.compile(r"(?<![\w.`$@])(Multiprocessing\.)?([A-Za-z_]\w*)")


def folder_of(source):
    return source.path[len(TARGET) + 1:].split("/")[0]


def declarations(source):
    """(name, is at the top level, is visible outside the file)"""
    for line, depth in zip(source.code_lines, source.depths()):
        match = DECLARATION.match(line)
        if match:
            is_private = re.search(r"\b(private|fileprivate)\b", match["modifiers"])
            yield match["kind"], match["name"], depth == 0, not is_private


def collect(files):
    """Where each name is declared, and every type name that a folder declares at any depth."""
    homes, own = {}, {}
    for source in files:
        folder = folder_of(source)
        for kind, name, is_top, is_visible in declarations(source):
            if is_top and is_visible:
                homes.setdefault(name, set()).add(folder)
            if is_top or kind != "func":
                own.setdefault(folder, set()).add(name)
    return homes, own


def uses(source):
    for number, line in enumerate(source.code_lines, 1):
        if re.match(r"\s*(\w+\s+)?import\b", line):
            continue
        for match in NAME.finditer(line):
            name, rest = match[2], line[match.end():].lstrip()
            is_call = rest.startswith(("(", "<"))
            is_declared_here = re.search(r"\b(func|var|let|case)\s+$", line[:match.start()])
            if name[0].isupper() or (is_call and not is_declared_here):
                yield number, name


def check_shape(findings):
    for path in tracked_files("Sources"):
        for part in path.split("/")[1:]:
            if re.sub(r"\.\w+$", "", part) in VAGUE:
                findings.add(path, 1, f"'{part}' says nothing: name the concept")
    for path in tracked_files(TARGET):
        parts = path[len(TARGET) + 1:].split("/")
        if len(parts) == 1:
            findings.add(path, 1, "a loose file: it belongs to a folder")
        elif parts[0] not in RANK and not parts[0].endswith(".docc"):
            findings.add(path, 1, f"folder {parts[0]} has no place in the order of layers ({__file__.split('/')[-1]})")


def main():
    findings = Findings("layers")
    check_shape(findings)
    files = [source for source in sources(TARGET) if folder_of(source) in RANK]
    homes, own = collect(files)
    for source in files:
        folder = folder_of(source)
        for number, name in uses(source):
            if name not in homes or name in own.get(folder, ()):
                continue
            if not any(RANK[home] < RANK[folder] for home in homes[name]):
                where = " and ".join(sorted(homes[name]))
                findings.add(source.path, number, f"{folder} uses {name} of {where}, which is not to its left")
    findings.finish(f"{len(files)} files, {len(homes)} names")


main()
