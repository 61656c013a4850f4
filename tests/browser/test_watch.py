"""What a browser complains of fails a test: each sort, planted."""

import dataclasses

import pytest

from tests.browser.conftest import Visits
from tests.browser.planting import Planted
from tests.browser.shown import Shown
from tests.worker.worker_process import until

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
async def test_what_a_browser_complains_of_fails_a_test(heard: str, planted: Planted, visits: Visits) -> None:
    html, policy = FAULTS[heard]
    page = planted.plant(html, **({"Content_Security_Policy": policy} if policy else {}))

    async def visit() -> None:
        async with visits(planted.address) as visitor:
            await visitor.open(page)

            # What the page does after it has been loaded.
            async def is_heard() -> bool:
                return any(heard in line for line in visitor.watch.trouble)

            await until(f"{heard} is heard", is_heard)

    with pytest.raises(pytest.fail.Exception, match="the browser complained") as failed:
        await visit()
    assert heard in str(failed.value), str(failed.value)


async def test_a_quiet_page_is_quiet(planted: Planted, visits: Visits) -> None:
    page = planted.plant("<img src='/picture' alt='方块'><script>console.log('好')</script>")
    async with visits(planted.address) as visitor:
        await visitor.open(page)
    assert visitor.watch.trouble == []


async def test_a_tab_forgets_what_was_wrong_with_the_page_before(planted: Planted) -> None:
    tab = planted.tabs.large
    await tab.show(planted.plant("<script>console.error('坏了')</script>"))
    with pytest.raises(pytest.fail.Exception, match="console error: 坏了"):
        tab.assert_quiet()
    await planted.show("<p>好</p>")
    tab.assert_quiet()


async def test_a_page_that_must_not_be_there_may_not_be_there(planted: Planted, visits: Visits) -> None:
    async with visits(planted.address) as visitor:
        await visitor.open(Shown("nowhere", "/nowhere", status=404))
        with pytest.raises(AssertionError, match="is answered with 200"):
            await visitor.open(dataclasses.replace(planted.plant(""), status=404))
