"""The shipped jurisdiction file with notices that go out without much waiting, at any hour."""

import re

_SETTINGS = {
    "gather": '"1s"',
    "digest_every": '"1s"',
    "per_minute": "600",
    "quiet_from": '"07:00"',
    "quiet_until": '"07:00"',
}


def at_once(text: str, **others: str) -> str:
    """The file's text with quick notices; ``others`` are further settings of the section, as TOML values."""
    for name, value in (_SETTINGS | others).items():
        text, found = re.subn(rf"^{name} *= [^#\n]*", f"{name} = {value} ", text, flags=re.MULTILINE)
        assert found == 1, name
    return text
