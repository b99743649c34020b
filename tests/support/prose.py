"""The one rule for lines in pages: a sentence begins on a line of its own, and no line is longer than 120 characters.

So a change of one sentence is a change of one line. Tables, code, headings and comments keep their lines.

    python -m tests.support.prose PAGE …   rewraps pages in place
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

WIDTH = 120
_JOINT = "\x00"
"""Stands for a space at which no line may end."""
_KEPT = re.compile(r"\s*(\||#|<!--|\[[^\]]+\]: |---$|<\w|</)")
_ITEM = re.compile(r"(\s*)([-*+]|\d+[.)])( +)")
_CHINESE_STOPS = "，；：、。）"
_SPAN = re.compile(r"(`+)(?!`).{1,110}?(?<!`)\1(?!`)")
_MARKER = re.compile(r" ([-*+#>]+|\d+[.)])(?= |$)")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|vs|cf|Art|Arts|No|[A-Z])\.$")
_END = re.compile(r"(?<=[.!?])([\"')\]*_]*) (?=[\"'(\[*_`]*[A-Z\u4e00-\u9fff`])|(?<=[。！？])()(?=[^\s」』”）)*])")


def wrap(page: str) -> str:
    """A page with its paragraphs and list items wrapped by the rule. Wrapping twice is wrapping once."""
    return "".join(f"{line}\n" for line in _lines(page.splitlines()))


def _lines(lines: list[str]) -> Iterator[str]:
    paragraph: list[str] = []
    in_code = False
    for line in lines:
        is_fence = line.lstrip().startswith("```")
        if in_code or is_fence or not line.strip() or _KEPT.match(line):
            yield from _paragraph(paragraph)
            paragraph = []
            in_code ^= is_fence
            yield line.rstrip()
        elif _ITEM.match(line):
            yield from _paragraph(paragraph)
            paragraph = [line]
        else:
            paragraph.append(line)
    yield from _paragraph(paragraph)


def _paragraph(lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    item = _ITEM.match(lines[0])
    first = item[0] if item else re.match(r"\s*", lines[0])[0]  # type: ignore[index]  # matches always
    indent = " " * len(first)
    text = _joined([lines[0][len(first) :], *lines[1:]])
    for number, sentence in enumerate(sentences(text)):
        yield from _filled(_bound(sentence), first if number == 0 else indent, indent)


def _joined(lines: list[str]) -> str:
    """The lines of a paragraph as one. Chinese has no space where a line ends."""
    text = lines[0].strip()
    for line in lines[1:]:
        part = line.strip()
        is_joint = text[-1:] in _CHINESE_STOPS or (text[-1:] > "\u2e7f" and part.lstrip("[(")[:1] > "\u2e7f")
        text += part if is_joint else f" {part}"
    return text


def _bound(sentence: str) -> str:
    """A sentence with unbreakable code, and with unbreakable spaces before what would be a marker at a line's begin."""
    glued = _SPAN.sub(lambda span: span[0].replace(" ", _JOINT), sentence)
    return _MARKER.sub(lambda marker: f"{_JOINT}{marker[1]}", glued)


def _filled(sentence: str, begin: str, indent: str) -> Iterator[str]:
    line = begin
    for word in re.split(f"( )|(?<=[{_CHINESE_STOPS}])", sentence):
        if not word:
            continue
        if len((line + word).rstrip()) > WIDTH and line.strip():
            yield line.rstrip().replace(_JOINT, " ")
            line = indent
        line += word if word != " " or line.strip() else ""
    yield line.rstrip().replace(_JOINT, " ")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a paragraph without line ends."""
    spans = [span.span() for span in _SPAN.finditer(text)]
    start = 0
    for end in _END.finditer(text):
        is_in_code = any(begin < end.start() < stop for begin, stop in spans)
        if is_in_code or _ABBREVIATION.search(text[: end.start()]):
            continue
        yield text[start : end.end()].strip()
        start = end.end()
    if text[start:].strip():
        yield text[start:].strip()


def main(names: list[str]) -> None:
    """Rewrap pages in place."""
    for name in names:
        path = Path(name)
        path.write_text(wrap(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
