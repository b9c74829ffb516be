"""A page of the overview, read with a parser as a program would."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.source = content.decode()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(self.source)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, name: str) -> list[str]:
        return [str(attributes[name]) for found, attributes in self.elements if found == tag and name in attributes]

    def check_structure(self) -> None:
        """Every id stands once, every table has a caption, every heading cell a scope."""
        ids = [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        tags = [tag for tag, _ in self.elements]
        assert tags.count("caption") == tags.count("table")
        assert all("scope" in attributes for tag, attributes in self.elements if tag == "th")
        assert not {"img", "link", "iframe"} & set(tags)
        assert {link[1:] for link in self.all("a", "href") if link.startswith("#")} <= set(ids)
