"""The complainant shows nothing of itself, and its mistakes show nothing of what was given."""

import logging
import traceback
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.pretty import pretty_repr

from petitions.complainant import Complainant

DETAILS = {"anonymous": False, "name": "王秘密", "telephone": "13800001111", "address": "通川区密巷7号"}
NEEDLES = ("秘密", "13800001111", "密巷")


class Carrier(BaseModel):
    """Somebody else's model with the complainant in it, which hides nothing by itself."""

    complainant: Complainant


def test_half_filled_details_are_taken() -> None:
    given = {"anonymous": True, "name": " ", "telephone": "　138 ", "address": ""}
    assert Complainant.model_validate(given) == Complainant(anonymous=True, telephone="138")
    assert Complainant(anonymous=False).name is None


def test_it_shows_nothing() -> None:
    value = Complainant.model_validate(DETAILS)
    carried = Carrier(complainant=value)
    shown = [
        repr(value),
        str(value),
        pretty_repr(value),
        f"{value} {value!r}",
        repr([carried]),
        str(carried),
        f"{[value]}",
    ]
    for text in shown:
        assert not [needle for needle in NEEDLES if needle in text]
        assert "Complainant(" in text


def test_a_console_and_a_log_show_nothing(caplog: pytest.LogCaptureFixture) -> None:
    console = Console(record=True, width=200)
    value = Complainant.model_validate(DETAILS)
    console.print(value, [value])
    logging.getLogger("x").warning("given: %s", value, extra={"given": value})
    assert not [needle for needle in NEEDLES if needle in console.export_text() + caplog.text]


WRONG: list[Any] = [
    DETAILS | {"anonymous": True},
    DETAILS | {"anonymous": "王秘密"},
    DETAILS | {"name": "王秘密" * 50},
    DETAILS | {"telephone": 13800001111},
    DETAILS | {"telephone": ["13800001111"]},
    DETAILS | {"address": "通川区密巷\x00"},
    DETAILS | {"address": "密巷" * 300},
    DETAILS | {"address": "密巷\ud800"},
    DETAILS | {"王秘密": "13800001111"},
    {"name": "王秘密"},
    {},
    "王秘密",
    ["13800001111"],
    None,
]


@pytest.mark.parametrize("given", WRONG)
def test_mistakes_show_nothing_of_what_was_given(given: Any) -> None:
    for model, whole in ((Complainant, given), (Carrier, {"complainant": given})):
        with pytest.raises(ValidationError) as refused:
            model.model_validate(whole)
        error = refused.value
        told = f"{error} {error!r} {error.errors()} {error.json()} {''.join(traceback.format_exception(error))}"
        assert not [needle for needle in NEEDLES if needle in told]


@pytest.mark.parametrize(
    ("given", "where", "kind"),
    [
        (WRONG[0], (), "value_error"),
        (WRONG[1], ("anonymous",), "bool_parsing"),
        (WRONG[2], ("name",), "string_too_long"),
        (WRONG[3], ("telephone",), "string_type"),
        (WRONG[8], (), "extra_forbidden"),
        ({}, ("anonymous",), "missing"),
    ],
)
def test_mistakes_say_where_they_are(given: Any, where: tuple[str, ...], kind: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Carrier.model_validate({"complainant": given})
    [mistake] = refused.value.errors()
    assert (mistake["loc"], mistake["type"]) == (("complainant", *where), kind)
    if kind == "value_error":
        assert "匿名举报人不应有姓名" in mistake["msg"]


def test_it_is_frozen() -> None:
    value = Complainant.model_validate(DETAILS)
    with pytest.raises(AttributeError) as refused:
        value.name = "王秘密"  # pyright: ignore[reportAttributeAccessIssue] - frozen
    assert "秘密" not in str(refused.value)
    assert value.model_copy(update={"name": None}).name is None
