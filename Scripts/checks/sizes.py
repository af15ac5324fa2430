"""Sizes of files and functions.

Files: everything in Sources, Tests and Examples. Functions: Sources only; a test that tells a long story is allowed.
A Swift function is a func, init, deinit, subscript or computed property, from its first line to its closing brace.
"""

import re
import statistics

from source import Findings, sources

FILE_LIMITS = {"median": 120, "p95": 400, "max": 600}
FUNCTION_LIMITS = {"median": 8, "p95": 30, "max": 60}
FUNCTION = re.compile(
    r"(?<![\w.`])(?:func\s+(?P<name>`[^`\n]+`|[^\s(<]+)|(?P<init>init)[?!]?\s*(?=[(<])|(?P<deinit>deinit)\s*(?=\{)"
    r"|(?P<subscript>subscript)\s*(?=[(<])|var\s+(?P<var>`?\w+`?)\s*:[^={}\n]*(?=\{))")
CONTINUES = re.compile(r"\s*(\{|->|where\b|throws\b|rethrows\b|async\b|[,:&(])")
C_TRANSPARENT = re.compile(r'\bextern\s*$')


def opening_brace(source, start):
    """Offset of the brace that opens the body; None for a requirement without one."""
    code, offset = source.code, start
    while offset < len(code):
        character = code[offset]
        if character in "([":
            offset = source.end_of_block(offset)
        elif character == "{":
            return offset
        elif character in "};":
            return None
        elif character == "\n":
            before = code[start:offset].rstrip()
            ends_open = before.endswith((",", "->", "where", ":", "&", "=", "<"))
            if not ends_open and not CONTINUES.match(code, offset) and before.count("<") <= before.count(">"):
                return None
        offset += 1
    return None


def swift_functions(source):
    for match in FUNCTION.finditer(source.code):
        brace = opening_brace(source, match.end())
        if brace is not None:
            name = match["name"] or match["var"] or match["init"] or match["deinit"] or match["subscript"]
            first, last = source.line_of(match.start()), source.line_of(source.end_of_block(brace))
            yield name, first, last - first + 1


def c_functions(source):
    offset, boundary = 0, 0
    code = source.code
    while (brace := code.find("{", offset)) >= 0:
        head = code[boundary:brace]
        head = head[max(head.rfind(";"), head.rfind("}")) + 1:]
        if C_TRANSPARENT.search(head):
            offset = boundary = brace + 1
            continue
        end = source.end_of_block(brace)
        if re.search(r"\)(?:\s+\w+)*\s*$", head) and "=" not in head:
            name = re.search(r"(\w+)\s*\(", head)
            first = source.line_of(brace - len(head.lstrip()))
            yield name[1] if name else "?", first, source.line_of(end) - first + 1
        offset = boundary = end + 1


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * share // 100) - 1)] if ordered else 0


def judge(findings, what, sizes, limits):
    """`sizes`: (size, path, line, name). Reports single ones above the maximum, then median and percentile."""
    for size, path, line, name in sizes:
        if size > limits["max"]:
            findings.add(path, line, f"{name} has {size} lines, more than {limits['max']}")
    values = [size for size, *_ in sizes]
    if not values:
        return f"no {what}s"
    median, p95 = statistics.median(values), percentile(values, 95)
    for label, value in (("median", median), ("p95", p95)):
        if value > limits[label]:
            size, path, line, name = sorted(sizes, reverse=True)[0]
            findings.add(path, line, f"{label} of {what}s is {value:g} lines, more than {limits[label]}; longest: {name}, {size}")
    return f"{len(values)} {what}s: median {median:g}, p95 {p95}, max {max(values)}"


def main():
    findings = Findings("sizes")
    files = sources("Sources", "Tests", "Examples", endings=(".swift", ".c", ".h"))
    file_sizes = [(source.text.count("\n"), source.path, 1, "the file") for source in files]
    functions = []
    for source in files:
        if source.path.startswith("Sources/"):
            found = swift_functions(source) if source.path.endswith(".swift") else c_functions(source)
            functions += [(size, source.path, line, name) for name, line, size in found]
    swift = [entry for entry in functions if entry[1].endswith(".swift")]
    c = [entry for entry in functions if not entry[1].endswith(".swift")]
    no_average = {"median": 60, "p95": 60, "max": 60}
    findings.finish("; ".join([
        judge(findings, "file", file_sizes, FILE_LIMITS),
        judge(findings, "Swift function", swift, FUNCTION_LIMITS),
        judge(findings, "C function", c, no_average),
    ]))


main()
