"""A model of a terminal: what is on the screen after what a program has written, with its history."""

import re
import unicodedata

SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


class Screen:
    """Knows what portloop uses: line ends, carriage returns, cursor up, erase to the end of the line or screen, colours."""

    def __init__(self, columns, rows=25):
        self.columns, self.rows = columns, rows
        self.lines = [""]  # the history and the screen, each a row
        self.wrapped = [False]  # whether the row goes on in the next one
        self.row = self.column = 0
        self.escapes = set()

    @property
    def top(self):
        return max(0, len(self.lines) - self.rows)

    def write(self, text):
        while text:
            if sequence := SEQUENCE.match(text):
                self.control(sequence.group(1), sequence.group(2))
                text = text[sequence.end():]
                continue
            assert text[0] != "\x1b", repr(text[:20])
            self.put(text[0])
            text = text[1:]

    def control(self, numbers, letter):
        self.escapes.add(letter)
        if letter == "A":
            self.row = max(self.top, self.row - int(numbers or 1))
        elif letter in "KJ":
            self.lines[self.row] = self.lines[self.row][:self.column]
            self.wrapped[self.row] = False
            if letter == "J":
                del self.lines[self.row + 1:], self.wrapped[self.row + 1:]
        else:
            assert letter == "m", letter

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.next_row()
        else:
            width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if self.column + width > self.columns:
                self.wrapped[self.row] = True
                self.next_row()
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
            self.column += width

    def next_row(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")
            self.wrapped.append(False)

    def resize(self, columns):
        """As terminals do that wrap long lines again; the cursor stays behind its character."""
        assert self.row == len(self.lines) - 1 and self.column == len(self.lines[self.row])
        rows, wrapped = [], []
        logical = ""
        for line, goes_on in zip(self.lines, self.wrapped):
            logical += line
            if goes_on:
                continue
            pieces = [logical[i:i + columns] for i in range(0, len(logical), columns)] or [""]
            rows += pieces
            wrapped += [True] * (len(pieces) - 1) + [False]
            logical = ""
        self.lines, self.wrapped, self.columns = rows, wrapped, columns
        self.row, self.column = len(rows) - 1, len(rows[-1])

    def shown(self):
        """The rows, without empty ones at the end."""
        rows = [line.rstrip() for line in self.lines]
        while rows and not rows[-1]:
            rows.pop()
        return rows
