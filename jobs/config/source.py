"""YAML text to a tree of values that knows its lines. YAML 1.2, core schema, and nothing clever beyond it.

The tree is built from the parser's events, so that a number with a point becomes a Decimal straight from its
text and never a binary float, duplicate keys are seen, and anchors cannot blow up. No message repeats the
file's text: it could be a secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

MAX_BYTES = 1 << 20
MAX_DEPTH = 20  # our deepest key, a tier's price, is at 8
MAX_VALUES = 100_000  # after anchors are written out

HINT = "`securevideo-billing init` writes a commented one to change"

_PLAIN_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_PLAIN_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,100})?")
_OTHER_NUMBER = re.compile(  # the rest of the core schema's numbers (YAML 1.2.2, 10.3.2)
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_ADVICE = {  # how the parser's message begins → what to do
    "found character '\\t'": "there is a tab here; YAML is indented with spaces only",
    "found character": "a text that begins with this sign must be in quotes",
    "found unexpected end of stream": "a quote or bracket opened here is never closed",
    "mapping values are not allowed": "a second ': ' on one line, or wrong indentation; quote a text with ': '",
    "could not find expected ':'": "a ':' and a blank are missing after the key",
    "expected <block end>": "this line does not fit the indentation of the lines above it",
    "expected ',' or": "a comma or a closing bracket is missing in the list or mapping opened here",
}


class Unreadable(Exception):
    """The file as a whole cannot be read; `line` is 0 where no line is to blame."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class OddNumber:
    """A number in a notation that is not used here: 1e2, .5, 5., 007, 0x1F, .inf, .nan, or over 100 digits."""


@dataclass(slots=True)
class Node:
    """A value and where it stands. `value`: text, int, Decimal, OddNumber, bool, None, or the children.

    The children of a mapping stand beside the line of their key.
    """

    line: int
    value: Any
    depth: int = 1
    size: int = 1

    def plain(self) -> Any:
        """The values alone."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, (_, child) in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of the key or item at `path`, or of the nearest one above that exists."""
        node, line = self, self.line
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                line, node = node.value[step]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.line
            else:
                break
        return line


@dataclass(frozen=True, slots=True)
class Source:
    root: Node
    mistakes: tuple[tuple[int, tuple[str | int, ...], str], ...]  # line, path, message: keys given twice, tags, anchors
    files: Mapping[str, Path] = field(default_factory=dict)  # of accounts by key, where they have files of their own


def read(path: Path) -> Source:
    """The file's values. Raises Unreadable."""
    return parse(_decoded(_bytes(path)))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Unreadable(0, "no such file; " + HINT) from None
    except IsADirectoryError:
        raise Unreadable(0, "this is a folder; name the file in it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid file name"
        raise Unreadable(0, f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise Unreadable(0, f"over {MAX_BYTES // 1024} KiB: this is not a configuration file")
    return content


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "not UTF-8 text; save the file as UTF-8") from None


def parse(text: str) -> Source:
    """The values of one YAML document. Raises Unreadable."""
    builder = _Builder(YAML(typ="safe", pure=True).parse(text))
    try:
        root = builder.document()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, "there is a control character here; remove it") from None
    except MarkedYAMLError as error:
        raise _syntax(error) from None
    except (YAMLError, ValueError):  # ValueError: "\U00110000" in a quoted text
        raise Unreadable(0, "this is not YAML; " + HINT) from None
    return Source(root, tuple(builder.mistakes))


def _syntax(error: MarkedYAMLError) -> Unreadable:
    problem = str(error.problem or "")
    known = next((begin for begin in _ADVICE if problem.startswith(begin)), None)
    opened = known in ("found unexpected end of stream", "expected ',' or")
    mark = (error.context_mark if opened else None) or error.problem_mark or error.context_mark
    advice = _ADVICE[known] if known else "not valid YAML; check indentation, quotes and brackets"
    return Unreadable(mark.line + 1 if mark else 0, advice)


class _Builder:
    """Reads the parser's events one by one; guards their order, the anchors and the limits."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Node | None] = {}  # None: still open
        self.mistakes: list[tuple[int, tuple[str | int, ...], str]] = []

    def document(self) -> Node:
        next(self._events)
        start = next(self._events)
        if _kind(start) == "StreamEnd":
            raise Unreadable(1, "the file is empty; " + HINT)
        if start.version not in (None, (1, 2)):
            raise Unreadable(1, "the file is read as YAML 1.2; remove the %YAML line")
        root = self._node(next(self._events), ())
        next(self._events)
        following = next(self._events)
        if _kind(following) != "StreamEnd":
            raise Unreadable(_line(following), "a second YAML document begins here; keep only one")
        return root

    def _node(self, event: Any, path: tuple[str | int, ...]) -> Node:
        if _kind(event) == "Alias":
            return self._alias(event)
        if event.tag is not None:
            self._note(event, path, "YAML tags (!…) are not used here; remove it, or quote the text")
        if len(path) >= MAX_DEPTH:
            raise Unreadable(_line(event), f"nested deeper than {MAX_DEPTH} levels; " + HINT)
        if event.anchor:
            self._anchors[event.anchor] = None
        node = self._bare(event, path)
        if node.depth + len(path) > MAX_DEPTH or node.size > MAX_VALUES:
            raise Unreadable(node.line, "the anchors and aliases (&, *) grow too large; write the values out")
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _note(self, event: Any, path: tuple[str | int, ...], message: str) -> None:
        """A mistake that does not keep the rest from being read."""
        self.mistakes.append((_line(event), path, message))

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise Unreadable(_line(event), "an alias (*) without its anchor (&) above; text with '*' must be quoted")
        node = self._anchors[event.anchor]
        if node is None:
            raise Unreadable(_line(event), "an alias (*) inside its own anchor (&); write the values out")
        return node

    def _bare(self, event: Any, path: tuple[str | int, ...]) -> Node:
        if _kind(event) == "MappingStart":
            return self._mapping(event, path)
        if _kind(event) == "SequenceStart":
            return self._sequence(event, path)
        return Node(_line(event), event.value if event.style else _plain(event.value))

    def _mapping(self, event: Any, path: tuple[str | int, ...]) -> Node:
        children: dict[str, tuple[int, Node]] = {}
        node = Node(_line(event), children)
        while _kind(key := next(self._events)) != "MappingEnd":
            if _kind(key) != "Scalar":
                raise Unreadable(_line(key), "a key must be a plain word, such as output:")
            step = (*path, key.value)
            if key.tag is not None or key.anchor:
                self._note(key, step, "a key must be a plain word, such as output:")
            child = self._node(next(self._events), step)
            _grow(node, child)
            if key.value in children:
                first = children[key.value][0]
                self._note(key, step, f"this key is already given in line {first}; keep one")
            else:
                children[key.value] = (_line(key), child)
        return node

    def _sequence(self, event: Any, path: tuple[str | int, ...]) -> Node:
        children: list[Node] = []
        node = Node(_line(event), children)
        while _kind(item := next(self._events)) != "SequenceEnd":
            child = self._node(item, (*path, len(children)))
            _grow(node, child)
            children.append(child)
        return node


def _grow(parent: Node, child: Node) -> None:
    parent.depth = max(parent.depth, child.depth + 1)
    parent.size += child.size


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _plain(text: str) -> object:
    """An unquoted scalar by the core schema, but numbers as written: int or Decimal, never float."""
    if text in _WORDS:
        return _WORDS[text]
    if _PLAIN_INTEGER.fullmatch(text):
        return int(text)
    if _PLAIN_DECIMAL.fullmatch(text):
        return Decimal(text)
    return OddNumber() if _OTHER_NUMBER.fullmatch(text) else text
