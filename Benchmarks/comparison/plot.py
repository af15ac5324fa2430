"""The ratios as a picture: one line for each row, on a logarithmic scale. SVG, written as text."""

import math
from html import escape

from .report import FAILED, MET, MISSED, digits

LEFT, RIGHT, WIDTH, LINE, TOP = 380, 110, 1000, 22, 64
COLORS = {MET: "#1a7f37", MISSED: "#cf222e", "": "#57606a"}


class Scale:
    """From a ratio to a place."""

    def __init__(self, numbers):
        self.low = math.floor(math.log10(min([*numbers, 0.5])))
        self.high = max(math.ceil(math.log10(max([*numbers, 2]))), self.low + 1)

    def __call__(self, number):
        share = (math.log10(number) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def decades(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def text(x, y, words, anchor="start", color="#1f2328", size=13):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-size="{size}">'
            f'{escape(words)}</text>')


def line(x1, y1, x2, y2, color, width=1.0, more=""):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
            f'stroke-width="{width}" {more}/>')


def row_marks(row, y, scale):
    color = COLORS[row.verdict]
    marks = [text(LEFT - 10, y + 4, row.title, "end")]
    if "atLeast" in row.goal:
        goal = scale(row.goal["atLeast"])
        marks.append(line(goal, y - 7, goal, y + 7, "#9a6700", 2.5))
    marks.append(line(scale(min(row.ratios)), y, scale(max(row.ratios)), y, color, 2))
    # Told apart without colours, too.
    fill = "#ffffff" if row.verdict == MISSED else color
    marks.append(f'<circle cx="{scale(row.ratio):.1f}" cy="{y}" r="4.5" fill="{fill}" stroke="{color}" '
                 'stroke-width="2"/>')
    marks.append(text(WIDTH - RIGHT + 12, y + 4, f"{digits(row.ratio)} ×", color=color))
    return marks


def svg(rows, title):
    """Rows without a ratio have no place on the scale and are left out."""
    shown = [row for row in rows if row.ratios and row.verdict != FAILED and min(row.ratios) > 0]
    goals = [row.goal["atLeast"] for row in shown if "atLeast" in row.goal]
    scale = Scale([ratio for row in shown for ratio in row.ratios] + goals)
    height = TOP + LINE * len(shown) + 30
    bottom = TOP + LINE * len(shown)
    marks = [f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>', text(16, 24, title, size=16)]
    marks.append(text(16, 44, "dot: median; line: lowest to highest; green: goals met, red and hollow: missed; "
                      "grey: no goal; upright bar: goal", color="#57606a", size=12))
    for decade in scale.decades():
        color, width = ("#1f2328", 1.5) if decade == 1 else ("#d0d7de", 1)
        marks.append(line(scale(decade), TOP - 8, scale(decade), bottom, color, width))
        marks.append(text(scale(decade), bottom + 18, f"{decade:g} ×", "middle", "#57606a", 12))
    for index, row in enumerate(shown):
        marks += row_marks(row, TOP + LINE * index + LINE / 2, scale)
    body = "\n".join(marks)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'font-family="system-ui, sans-serif" role="img" aria-label="{escape(title)}">\n{body}\n</svg>\n')
