"""Comments that have to be there, and words that must not."""

import os
import re

from source import ROOT, Findings, sources, tracked_files

PUBLIC = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)*?(?:public|open)\s+(?:(?!import\b)\w+(?:\([^)]*\))?\s+)*?"
    r"(func|var|let|init|subscript|struct|class|enum|actor|protocol|typealias|macro|operator)\b")
PUBLIC_CONTAINER = re.compile(r"\bpublic\s+(?:\w+\s+)*?(enum|protocol)\s+\w+")
MEMBER = {
    "enum": re.compile(r"\s*(?:indirect\s+)?case\s+`?\w+"),
    "protocol": re.compile(r"\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:static\s+|mutating\s+)*(?:func|var|init|subscript|associatedtype)\b"),
}
UNSAFE = re.compile(
    r"@unchecked\s+Sendable|nonisolated\(unsafe\)|\w*Unsafe\w*|\bunsafe(?:BitCast|Downcast)\b|\bUnmanaged\b"
    r"|\bassumingMemoryBound\b|\bordering:\s*\.\w+")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MODULE_NAMED_TYPE = re.compile(r"\b(?:struct|class|enum|actor|protocol|typealias)\s+Multiprocessing\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:wor" + r"k|ho" + r"me|ro" + r"ot|Us" + r"ers|op" + r"t/swift)(?:/|\b)")
FORCED = re.compile(r"\btry!")
ARTICLES = "Sources/Multiprocessing/Multiprocessing.docc"
LINK = re.compile(r"``([\w/]+)(?:\(([^`)]*)\))?``|<doc:(\w+)>")
DECLARED = re.compile(r"\b(?:func|var|let|case|struct|class|enum|actor|protocol|typealias)\s+`?(\w+)")
CALL = re.compile(r"\b(?:func\s+(\w+)|(init))\s*(?:<[^(]*>)?\(")


def is_documented(source, index):
    """Looks upwards from the declaration, past attributes and conditions."""
    while index > 0:
        index -= 1
        line = source.lines[index].strip()
        if line.startswith("///"):
            return True
        if not (line.startswith(("@", "#if", "#else", "#elseif")) or (line.startswith("// SAFETY:"))):
            return False
    return False


def undocumented(source):
    depths = source.depths()
    container = None  # (kind, depth of the members) of the public enum or protocol around
    for index, line in enumerate(source.code_lines):
        if container and depths[index] < container[1] and line.strip():
            container = None
        is_member = container and depths[index] == container[1] and MEMBER[container[0]].match(line)
        if (PUBLIC.match(line) or is_member) and not is_documented(source, index):
            yield index + 1
        opened = PUBLIC_CONTAINER.search(line)
        if opened:
            container = (opened[1], depths[index] + 1)


def has_head_reason(source):
    """A SAFETY comment before the first declaration speaks for the whole file."""
    for line, code in zip(source.lines, source.code_lines):
        if line.strip().startswith("// SAFETY:"):
            return True
        if code.strip() and not re.match(r"\s*(@\w+(\([^)]*\))?\s+)*(\w+\s+)?import\b", code):
            return False
    return False


def unexplained(source):
    """The reason stands on the line, in the three above, or first in the closure that the line opens."""
    if has_head_reason(source):
        return
    for index, line in enumerate(source.code_lines):
        match = UNSAFE.search(line)
        if match and not any("SAFETY:" in above for above in source.lines[max(0, index - 3):index + 2]):
            yield index + 1, match.group().strip()


def check_code(findings, source):
    for index, line in enumerate(source.code_lines, 1):
        if FORCED.search(line):
            findings.add(source.path, index, "a forced try: throw, or handle the error")
        if MODULE_NAMED_TYPE.search(line):
            findings.add(source.path, index, "a type with the module's name hides the module")


def check_text(findings, path):
    with open(os.path.join(ROOT, path), "rb") as file:
        content = file.read()
    if b"\0" in content:
        return
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if UNFINISHED.search(line):
            findings.add(path, number, "unfinished work: do it, or open an issue")
        if MACHINE_PATH.search(line):
            findings.add(path, number, "a path of one machine")


def declarations(files):
    """The names that are declared, and for each function the labels that its declarations have."""
    names, labels = {"Multiprocessing"}, {}
    for source in files:
        names.update(DECLARED.findall(source.code))
        for match in CALL.finditer(source.code):
            end = source.end_of_block(match.end() - 1)
            depth, found = 0, [""]
            for character in source.code[match.end():end].replace("->", "  "):
                depth += (character in "([{<") - (character in ")]}>")
                found = found + [""] if character == "," and depth == 0 else found[:-1] + [found[-1] + character]
            words = [part.split()[0].rstrip(":") for part in found if part.strip()]
            labels.setdefault(match[1] or match[2], set()).add("".join(word + ":" for word in words))
    return names, labels


def broken_links(path, names, labels):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    for match in LINK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match[3]:
            if not os.path.exists(os.path.join(ROOT, ARTICLES, match[3] + ".md")):
                yield line, match[0]
        elif any(name not in names and name != "init" for name in match[1].split("/")):
            yield line, match[0]
        elif match[2] is not None and match[2] not in labels.get(match[1].split("/")[-1], ()):
            yield line, match[0]


def main():
    findings = Findings("docs")
    files = sources("Sources")
    for source in files:
        for line in undocumented(source):
            findings.add(source.path, line, "a public declaration without a /// comment")
        for line, what in unexplained(source):
            findings.add(source.path, line, f"{what} without a // SAFETY: reason on the line, in the three above or just below")
    for source in files + sources("Tests", "Examples"):
        check_code(findings, source)
    texts = tracked_files()
    for path in texts:
        check_text(findings, path)
    names, labels = declarations(files)
    for path in tracked_files(ARTICLES):
        for line, link in broken_links(path, names, labels):
            findings.add(path, line, f"{link} leads to nothing")
    findings.finish(f"{len(files)} sources, {len(texts)} files of text")


main()
