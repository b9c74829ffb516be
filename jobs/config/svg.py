"""An SVG drawing, written anew from what is known to be harmless: shapes, paints, gradients, clips.

What only editors need (comments, metadata, attributes of other vocabularies) is left out. Whatever else is not on the
list would be missing in the drawing, so it is refused: scripts, styles, texts, images, links, `use`, entities.
"""

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from jobs.config.logo import ALLOWED, Unusable

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
MAX_DEPTH = 50

_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_ELEMENTS = _SHAPES | {"svg", "g", "defs", "linearGradient", "radialGradient", "stop", "clipPath", "title", "desc"}
_DROPPED = {"metadata"}
_GRADIENTS = {"linearGradient", "radialGradient"}
_GEOMETRY = "id viewBox preserveAspectRatio version width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points transform"
_PAINT = (
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-dasharray stroke-dashoffset opacity color clip-path clip-rule clipPathUnits gradientUnits "
    "gradientTransform spreadMethod offset stop-color stop-opacity display visibility overflow"
)
_ATTRIBUTES = {*_GEOMETRY.split(), *_PAINT.split()}
_IGNORED = {"class", "data-name", "role", "enable-background", "baseProfile", "contentScriptType", "contentStyleType"}
_VALUE = re.compile(r"[A-Za-z0-9\s.,%#+()_-]*", re.ASCII)
_ADDRESS = re.compile(r"url\((?!#[\w.-]+\))", re.ASCII | re.IGNORECASE)
_FRAGMENT = re.compile(r"#[\w.-]+", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z-]{0,30}")
_ADVICE = "save it as plain SVG without scripts, styles, images and links, texts as paths, or as PNG"


def harmless(content: bytes) -> bytes:
    """The drawing as UTF-8. Raises `Unusable`."""
    writer = _Writer()
    parser = expat.ParserCreate(namespace_separator=" ")
    writer.parser = parser
    parser.StartDoctypeDeclHandler = writer.doctype
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Unusable(f"expected {ALLOWED}; line {error.lineno} of the file is not XML: save it again") from None
    except (LookupError, ValueError):  # an encoding that is none, or a character that is none
        raise Unusable(f"expected {ALLOWED}; the file is not XML in UTF-8: save it again") from None
    if not writer.drawn:
        raise Unusable(f"expected {ALLOWED}; found an SVG that draws nothing")
    return "".join(writer.pieces).encode()


class _Writer:
    """What the parser calls; holds what is written so far."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.open: list[str] = []
        self.dropping = 0  # elements open within one that is left out, itself among them
        self.drawn = False
        self.parser: expat.XMLParserType

    def _refused(self, what: str) -> Unusable:
        return Unusable(f"expected {ALLOWED}; line {self.parser.CurrentLineNumber} of the file has {what}: {_ADVICE}")

    def doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:  # noqa: ARG002  # expat's
        if internal:
            raise self._refused("declarations of its own, such as entities")

    def start(self, full_name: str, attributes: dict[str, str]) -> None:
        space, _, name = full_name.rpartition(" ")
        if self.dropping or space != SVG or name in _DROPPED:
            if not self.open:
                raise Unusable(f"expected {ALLOWED}; found XML of another kind: {_ADVICE}")
            self.dropping += 1
            return
        if name not in _ELEMENTS or (name == "svg") != (not self.open):
            raise self._refused(f"<{name}>" if _NAME.fullmatch(name) else "an element that is not known")
        if len(self.open) >= MAX_DEPTH:
            raise self._refused("elements too deep within each other")
        self.drawn = self.drawn or name in _SHAPES
        root = "" if self.open else f' xmlns="{SVG}"'
        kept = "".join(f" {key}={quoteattr(value)}" for key, value in self._kept(name, attributes))
        self.open.append(name)
        self.pieces.append(f"<{name}{root}{kept}>")

    def _kept(self, element: str, attributes: dict[str, str]) -> list[tuple[str, str]]:
        kept: dict[str, str] = {}
        for full_name, value in attributes.items():
            space, _, name = full_name.rpartition(" ")
            if name == "href" and space in ("", XLINK):
                if element not in _GRADIENTS or not _FRAGMENT.fullmatch(value):
                    raise self._refused("a link")
                kept["href"] = value
            elif name == "style" and not space:
                for part in filter(str.strip, value.split(";")):
                    key, _, own = part.partition(":")
                    if key.strip() in _ATTRIBUTES:
                        kept[key.strip()] = self._value(key.strip(), own.strip())
            elif not space and name in _ATTRIBUTES:
                kept.setdefault(name, self._value(name, value))
            elif not space and name not in _IGNORED and not name.startswith(("aria-", "font-", "-inkscape")):
                raise self._refused(f"the attribute {name}" if _NAME.fullmatch(name) else "an attribute not known")
        return list(kept.items())

    def _value(self, name: str, value: str) -> str:
        if not _VALUE.fullmatch(value) or _ADDRESS.search(value):
            raise self._refused(f"a value of {name} that is not a plain one")
        return value

    def text(self, text: str) -> None:
        if not self.dropping and self.open[-1] in ("title", "desc"):
            self.pieces.append(escape(text))

    def end(self, full_name: str) -> None:  # noqa: ARG002  # the parser's
        if self.dropping:
            self.dropping -= 1
        else:
            self.pieces.append(f"</{self.open.pop()}>")
