"""What a browser complains of fails a test: each sort, planted."""

import pytest

from tests.browser.conftest import Visits
from tests.browser.planting import planted_site
from tests.browser.shown import Shown

_POLICY = "default-src 'none'"
FAULTS = {
    "console error: 坏了": ("<script>console.error('坏了')</script>", ""),
    "console warning: 小心": ("<script>console.warn('小心')</script>", ""),
    "uncaught error: 没接住": ("<script>throw new Error('没接住')</script>", ""),
    "uncaught error: 没等到": ("<script>Promise.reject(new Error('没等到'))</script>", ""),
    "answered with 404: GET ": ("<img src='/nowhere.png' alt='无'>", ""),
    "request failed: GET http://127.0.0.1:1/": ("<img src='http://127.0.0.1:1/' alt='无'>", ""),
    "dialog: alert 喂": ("<script>alert('喂')</script>", ""),
    "console error: Executing inline script violates": ("<script>1</script>", _POLICY),
    "console error: Applying inline style violates": ("<p style='color: red'>红</p>", _POLICY),
    "console error: Loading the image ": ("<img src='/picture' alt='方块'>", _POLICY),
}
"""What is heard of it, by what is planted and under which content security policy."""


@pytest.mark.parametrize("heard", FAULTS)
async def test_what_a_browser_complains_of_fails_a_test(heard: str, visits: Visits) -> None:
    planted, policy = FAULTS[heard]
    headers = {"Content_Security_Policy": policy} if policy else {}

    async def visit(address: str) -> None:
        async with visits(address) as visitor:
            page = await visitor.open(Shown("planted", "/"))
            # What the page does after it has been loaded.
            await page.wait_for_timeout(300)

    async with planted_site(planted, **headers) as address:
        with pytest.raises(pytest.fail.Exception, match="the browser complained") as failed:
            await visit(address)
    assert heard in str(failed.value), str(failed.value)


async def test_a_quiet_page_is_quiet(visits: Visits) -> None:
    async with planted_site("<img src='/picture' alt='方块'><script>console.log('好')</script>") as address:
        async with visits(address) as visitor:
            await visitor.open(Shown("plain", "/"))
        assert visitor.watch.trouble == []


async def test_a_page_that_must_not_be_there_may_not_be_there(visits: Visits) -> None:
    async with planted_site("") as address, visits(address) as visitor:
        await visitor.open(Shown("nowhere", "/nowhere", status=404))
        with pytest.raises(AssertionError, match="/ is answered with 200"):
            await visitor.open(Shown("planted", "/", status=404))
