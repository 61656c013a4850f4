"""Somebody at a browser without JavaScript: opens pages, fills in the forms that stand there, and presses buttons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

Upload = tuple[str, bytes]
VOID = {"input", "br", "meta", "link", "img", "hr"}


@dataclass
class HtmlForm:
    """A form of a page, as a browser would post it."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    names: set[str] = field(default_factory=set[str])
    options: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    buttons: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    multipart: bool = False

    def value(self, name: str) -> str:
        """What stands in a field."""
        return next((value for key, value in self.values if key == name), "")

    def all(self, name: str) -> list[str]:
        """What stands in all fields of this name."""
        return [value for key, value in self.values if key == name]

    def filled(self, **given: str | Sequence[str]) -> list[tuple[str, str]]:
        """Its values with others in the place of some; ``__`` in a name stands for a point."""
        new = {name.replace("__", "."): value for name, value in given.items()}
        missing = new.keys() - self.names
        assert not missing, f"the form has no field {missing}; it has {sorted(self.names)}"
        for name, value in new.items():
            if name in self.options:
                for each in [value] if isinstance(value, str) else value:
                    assert each in self.options[name], f"{each!r} cannot be chosen for {name}: {self.options[name]}"
        values = [(name, value) for name, value in self.values if name not in new]
        for name, value in new.items():
            values += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        return values


class PageParser(HTMLParser):
    """The forms and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[HtmlForm] = []
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._form: HtmlForm | None = None
        self._area: str | None = None
        self._select: tuple[str, list[str]] | None = None
        self._button: tuple[str, str] | None = None
        self._first = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        form, name = self._form, given.get("name") or ""
        if tag == "form":
            self._form = HtmlForm(given.get("action") or "", (given.get("method") or "get").lower())
            self._form.multipart = given.get("enctype") == "multipart/form-data"
            self.forms.append(self._form)
        if form is None:
            return
        match tag:
            case "input":
                form.names.add(name)
                kind, value = given.get("type") or "text", given.get("value")
                if kind in {"radio", "checkbox"}:
                    form.options.setdefault(name, []).append(value or "on")
                    if "checked" in given:
                        form.values.append((name, value or "on"))
                elif kind != "file":
                    form.values.append((name, value or ""))
            case "textarea":
                form.names.add(name)
                self._area, self._first = name, True
                form.values.append((name, ""))
            case "select":
                form.names.add(name)
                self._select = name, []
                form.options.setdefault(name, [])
                form.values.append((name, ""))
            case "option" if self._select:
                value = given.get("value") or ""
                form.options[self._select[0]].append(value)
                if "selected" in given:
                    form.values[-1] = (self._select[0], value)
            case "button":
                self._button = name, given.get("value") or ""
                form.buttons.append((name, given.get("value") or "", ""))
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "textarea":
                self._area = None
            case "select":
                self._select = None
            case "button":
                self._button = None
            case _:
                pass

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._area is not None:
            name, value = self._form.values[-1]
            # A line end right after the tag is none of the value.
            text = data.removeprefix("\n") if self._first else data
            self._first = False
            self._form.values[-1] = (name, value + text)
        elif self._form is not None and self._button is not None:
            name, value, text = self._form.buttons[-1]
            self._form.buttons[-1] = (name, value, text + data)
        if data.strip():
            self.text.append(data.strip())


@dataclass
class Shown:
    """A page that somebody sees."""

    answer: httpx.Response
    forms: list[HtmlForm]
    text: str
    tags: list[tuple[str, dict[str, str | None]]]

    @classmethod
    def of(cls, answer: httpx.Response) -> "Shown":
        parser = PageParser()
        parser.feed(answer.text)
        return cls(answer, parser.forms, "\n".join(parser.text), parser.tags)

    @property
    def status(self) -> int:
        return self.answer.status_code

    def form(self, ending: str) -> HtmlForm:
        """The form whose address ends so."""
        for each in self.forms:
            if urlsplit(each.action).path.endswith(ending):
                return each
        raise AssertionError(f"no form {ending}: {[each.action for each in self.forms]}\n{self.text}")

    def kinds(self) -> list[str]:
        """The kinds of messages for which there are forms."""
        paths = [urlsplit(each.action).path for each in self.forms]
        return [path.rpartition("/forms/")[2] for path in paths if "/forms/" in path]


class Browser:
    """A browser of one person."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.at = "/desk"

    async def open(self, address: str) -> Shown:
        """Open a page, and go where it leads."""
        answer = await self.client.get(address, headers={"accept": "text/html"})
        return await self._follow(answer)

    async def press(
        self,
        form: HtmlForm,
        act: str | None = "send",
        files: Mapping[str, Iterable[Upload]] | None = None,
        headers: Mapping[str, str] | None = None,
        **given: str | Sequence[str],
    ) -> Shown:
        """Fill a form in and press a button."""
        return await self.post(form, form.filled(**given), act, files, headers)

    async def post(
        self,
        form: HtmlForm,
        values: Iterable[tuple[str, str]],
        act: str | None = "send",
        files: Mapping[str, Iterable[Upload]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Shown:
        """Post these values as this form."""
        fields: dict[str, list[str]] = {}
        for name, value in values:
            fields.setdefault(name, []).append(value)
        if act and any(name == "act" for name, _, _ in form.buttons):
            fields["act"] = [act]
        uploads = [(name, upload) for name, several in (files or {}).items() for upload in several]
        if form.multipart and not uploads:
            # As a browser does: a file field without a file is sent empty.
            uploads = [("nothing-chosen", ("", b""))]
        sent = {"accept": "text/html", "origin": "http://127.0.0.1", **(headers or {})}
        address = urlsplit(urljoin(self.at, form.action)).path
        answer = await self.client.post(address, data=fields, files=uploads if form.multipart else None, headers=sent)
        return await self._follow(answer)

    async def sign_in(self, key: str, name: str = "经办人") -> Shown:
        """Sign in with a key."""
        page = await self.open("/desk/sign-in")
        return await self.press(page.form("/desk/sign-in"), None, key=key, name=name)

    async def _follow(self, answer: httpx.Response) -> Shown:
        for _ in range(5):
            if answer.status_code != 303:
                break
            answer = await self.client.get(answer.headers["location"], headers={"accept": "text/html"})
        self.at = str(answer.url.path)
        return Shown.of(answer)
