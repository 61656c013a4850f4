"""Pages as the tests read them: their text, their links and everything that could do harm."""

from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "br", "img", "hr", "input", "col"})


def _ours(tag: str, attrs: dict[str, str | None]) -> bool:
    """Whether a script is a file of ours, and a drawing says what it shows; any other element passes."""
    if tag == "script":
        return (attrs.get("src") or "").startswith("/static/")
    return tag != "svg" or attrs.get("role") == "img"


class Page(HTMLParser):
    """A parsed page.

    Attributes:
        text: All that is shown, with single spaces between.
        titles: The ``title`` attributes.
        links: The addresses that it links to.
        harm: Elements and attributes that no page of ours has.
        tags: How often each element stands in it.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self._said: list[str] = []
        self._open: list[str] = []
        self.titles: list[str] = []
        self.links: list[str] = []
        self.harm: list[str] = []
        self.tags: dict[str, int] = {}
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in _VOID:
            self._open.append(tag)
        if tag in {"style", "iframe", "object", "embed", "base", "img", "b", "i"} or not _ours(tag, dict(attrs)):
            self.harm.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "formaction"}:
                self.harm.append(name)
            if name in {"href", "src", "action"}:
                self.links.append(value or "")
            if name == "title":
                self.titles.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        opened = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        self._said.append(data)
