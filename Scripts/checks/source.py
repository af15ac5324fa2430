"""Reading the package's sources: which files there are, and their code without comments and literals."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tracked_files(*folders):
    """Committed and new files below the folders, as paths from the package's root; ignored ones are left out."""
    command = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({name for name in names if os.path.isfile(os.path.join(ROOT, name))})


def sources(*folders, endings=(".swift",)):
    return [Source(name) for name in tracked_files(*folders) if name.endswith(endings)]


class Source:
    """One file. `code` has the same length and lines as `text`, with blanks for comments and text literals."""

    def __init__(self, path):
        self.path = path
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            self.text = file.read()
        self.lines = self.text.split("\n")
        is_swift = path.endswith(".swift")
        self.code = (SwiftBlanker if is_swift else CBlanker)(self.text).blanked()
        self.code_lines = self.code.split("\n")

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def end_of_block(self, opening):
        """Offset of the bracket that closes the one at `opening`."""
        pairs = {"{": "}", "(": ")", "[": "]"}
        closing = pairs[self.code[opening]]
        depth = 0
        for offset in range(opening, len(self.code)):
            if self.code[offset] == self.code[opening]:
                depth += 1
            elif self.code[offset] == closing:
                depth -= 1
                if depth == 0:
                    return offset
        return len(self.code) - 1

    def depths(self):
        """For each line, how many braces are open at its start."""
        result, depth = [], 0
        for line in self.code_lines:
            result.append(depth)
            depth += line.count("{") - line.count("}")
        return result


class SwiftBlanker:
    """Blanks comments, which nest, and literals, whose interpolations are code."""

    def __init__(self, text):
        self.text = text
        self.out = list(text)
        self.position = 0

    def blanked(self):
        self._code(until=None)
        return "".join(self.out)

    def _blank(self, start, end):
        for index in range(start, min(end, len(self.out))):
            if self.out[index] != "\n":
                self.out[index] = " "

    def _code(self, until):
        depth = 0
        while self.position < len(self.text):
            start = self.position
            if self.text.startswith("//", start):
                end = self.text.find("\n", start)
                self.position = len(self.text) if end < 0 else end
                self._blank(start, self.position)
            elif self.text.startswith("/*", start):
                self._comment()
            elif literal := re.compile(r'(#*)("""|")').match(self.text, start):
                self._literal(literal)
            elif identifier := re.compile(r"`[^`\n]+`").match(self.text, start):
                self.position = identifier.end()
            else:
                character = self.text[start]
                self.position += 1
                if until and character == "(":
                    depth += 1
                elif until and character == ")":
                    depth -= 1
                    if depth == 0:
                        return

    def _comment(self):
        start, depth = self.position, 0
        while self.position < len(self.text):
            if self.text.startswith("/*", self.position):
                depth += 1
                self.position += 2
            elif self.text.startswith("*/", self.position):
                depth -= 1
                self.position += 2
                if depth == 0:
                    break
            else:
                self.position += 1
        self._blank(start, self.position)

    def _literal(self, opening):
        hashes, quotes = opening.group(1), opening.group(2)
        closing, escape = quotes + hashes, "\\" + hashes
        self.position = opening.end()
        self._blank(opening.start(), self.position)
        while self.position < len(self.text):
            start = self.position
            if self.text.startswith(escape + "(", start):
                self._blank(start, start + len(escape) + 1)
                self.position = start + len(escape)
                self._code(until=")")
                self._blank(self.position - 1, self.position)
            elif self.text.startswith(escape, start):
                self.position = start + len(escape) + 1
                self._blank(start, self.position)
            elif self.text.startswith(closing, start):
                self.position = start + len(closing)
                self._blank(start, self.position)
                return
            elif quotes == '"' and self.text[start] == "\n":
                return
            else:
                self.position += 1
                self._blank(start, self.position)


class CBlanker:
    """Blanks comments, literals and preprocessor lines."""

    PATTERN = re.compile(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:\\\n|[^\n])*', re.S | re.M)

    def __init__(self, text):
        self.text = text

    def blanked(self):
        return self.PATTERN.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), self.text)


class Findings:
    """What is wrong, with file and line; decides the exit status."""

    def __init__(self, check):
        self.check = check
        self.count = 0

    def add(self, path, line, message):
        self.count += 1
        print(f"{path}:{line}: {message}")

    def finish(self, summary):
        state = f"{self.count} wrong" if self.count else "ok"
        print(f"{self.check}: {state} ({summary})")
        sys.exit(1 if self.count else 0)
