"""The tables of docs/ERRORS.md, "The network" and "What the project signs", as patterns of messages."""

import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"\.\.\.|\b(?:N|M|S|A|B|V|FILE|DIR|STORE|PLATFORM|ID)\b|'[^']*'|\d[\d.]*")


def cells(line):
    """Of a row of a table; a bar within a message is none."""
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def pattern(message):
    """What the table says with dots, capital letters and example numbers stands for anything."""
    text, at = "", 0
    for found in PLACEHOLDER.finditer(message):
        text += re.escape(message[at:found.start()]) + ".*"
        at = found.end()
    return re.compile(text + re.escape(message[at:]))


@functools.cache
def rows():
    """(exit code, [messages]) of each row, in order; "likewise" stands for the row above; none: any words."""
    text = (ROOT / "docs" / "ERRORS.md").read_text()
    found = []
    for section, code_column, message_column in (("The network", 2, 1), ("What the project signs", 0, 2)):
        messages = []
        for line in text.split(f"\n## {section}\n")[1].split("\n## ")[0].splitlines():
            if not line.startswith("| ") or line.startswith(("| ---", "| what", "| exit")):
                continue
            row = cells(line)
            if row[message_column] != "likewise":
                messages = re.findall(r"`([^`]*)`", row[message_column])
            found.append((int(row[code_column]), messages))
    return found


def is_documented(code, line):
    """Whether a row with this exit code has this message."""
    return any(code == row and (not messages or any(pattern(m).search(line) for m in messages))
               for row, messages in rows())
