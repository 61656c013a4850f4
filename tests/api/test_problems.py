"""Errors: problems for programs, pages for people, and headers on all of them."""

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from tests.api.conftest import House, client_of, settings_for
from tests.api.pages import Page


async def test_an_unknown_address(bare: House) -> None:
    answer = await bare.client.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail"}
    assert problem["type"] == "urn:guatu:problem:not-found"
    assert problem["status"] == 404


@pytest.mark.parametrize("path", ["/v1/cases", "/v1/cases/X1", "/v1/figures", "/", "/livez"])
async def test_a_method_that_is_not_taken(bare: House, path: str) -> None:
    answer = await bare.client.delete(path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["type"] == "urn:guatu:problem:method-not-allowed"


@pytest.mark.parametrize(
    ("path", "accept", "html"),
    [
        ("/nothing", "text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("/cases/X404", "text/html", True),
        ("/nothing", "application/json", False),
        ("/nothing", "*/*", False),
        ("/v1/cases/X404", "text/html", False),
    ],
)
async def test_people_get_a_page(bare: House, path: str, accept: str, html: bool) -> None:
    answer = await bare.client.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    if html:
        assert "回到挂图" in Page(answer.text).text
    else:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture
def failing(bare: House) -> FastAPI:
    """An application with a route that fails."""
    app = create_app(settings_for(bare.database), bare.pool)

    @app.get("/v1/fails")
    async def _() -> None:  # pyright: ignore[reportUnusedFunction] - it is called by its route
        raise RuntimeError("the complainant's telephone number is 13800000000")

    return app


async def test_a_failure_tells_nothing_of_itself(failing: FastAPI) -> None:
    async with client_of(failing) as client:
        answer = await client.get("/v1/fails")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:guatu:problem:internal-error"
    assert "138" not in answer.text
    assert_dressed(answer)


def assert_dressed(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/cases/X404", "/v1/cases", "/v1/nothing", "/livez", "/v1/openapi.json"])
async def test_every_answer_is_dressed_and_not_kept(bare: House, path: str) -> None:
    answer = await bare.client.get(path)
    assert_dressed(answer)
    assert answer.headers["cache-control"] == "no-store"


async def test_static_files_are_kept_by_their_digest(bare: House) -> None:
    page = Page((await bare.client.get("/")).text)
    (stylesheet,) = [link for link in page.links if ".css" in link]
    answer = await bare.client.get(stylesheet)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert_dressed(answer)
    assert "immutable" not in (await bare.client.get(stylesheet.partition("?")[0])).headers.get("cache-control", "")


async def test_pages_answer_head(bare: House) -> None:
    assert (await bare.client.head("/")).status_code == 200
