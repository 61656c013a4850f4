"""What a page's layout looks like from inside the browser: what sticks out, what is cut off, where the focus is."""

import json
import re
from typing import Any

from playwright.async_api import Page

# What is hidden from sight on purpose, for screen readers, is clipped to nothing.
_COMMON = """
const name = element => {
    const classes = [...element.classList].map(each => '.' + each).join('');
    return `<${element.localName}${classes}> ${element.textContent.trim().replace(/\\s+/g, ' ').slice(0, 40)}`;
};
const kind = element => {
    const path = [];
    for (let each = element; each && each !== document.body; each = each.parentElement)
        path.unshift([each.localName, ...each.classList].join('.'));
    return path.join(' > ');
};
const unseen = element => {
    // What is folded away has a box of some size nevertheless.
    if (!element.checkVisibility()) return true;
    for (let each = element; each && each !== document.body; each = each.parentElement) {
        const style = getComputedStyle(each);
        if (style.display === 'none' || style.visibility === 'hidden' || style.clipPath !== 'none') return true;
    }
    return false;
};
"""

_STICKING_OUT = (
    "() => {"
    + _COMMON
    + """
    const width = document.documentElement.clientWidth, found = [];
    const scrolls = element => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
    for (const element of document.body.querySelectorAll('*')) {
        if (element.getBoundingClientRect().right <= width + 1 || unseen(element)) continue;
        let inside = false;
        for (let each = element.parentElement; each && each !== document.body; each = each.parentElement)
            inside ||= scrolls(each) || getComputedStyle(each).overflowX === 'hidden';
        if (!inside) found.push(name(element));
    }
    if (document.documentElement.scrollWidth > width) {
        // What is hidden from sight takes up room all the same, if its region does not hold it.
        const hidden = [...document.body.querySelectorAll('*')].filter(each =>
            getComputedStyle(each).position === 'absolute' && each.getBoundingClientRect().right > width + 1);
        found.push(`the page is ${document.documentElement.scrollWidth} wide, the screen ${width}; `
            + `hidden from sight out there: ${hidden.slice(0, 3).map(name).join(', ') || 'nothing'}`);
    }
    return JSON.stringify(found);
}"""
)

_CUT_OFF = (
    "() => {"
    + _COMMON
    + """
    const found = [];
    for (const element of document.body.querySelectorAll('*')) {
        const style = getComputedStyle(element);
        const cutsX = style.overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
        const cutsY = style.overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1;
        if (!(cutsX || cutsY) || unseen(element) || style.display === 'inline') continue;
        // Three dots say that something is left out; they may stand for text only, and never for whole lines.
        if (style.textOverflow === 'ellipsis' && !cutsY) continue;
        found.push(name(element));
    }
    return JSON.stringify(found);
}"""
)

_NOT_SEEN_WHOLE = (
    "() => {"
    + _COMMON
    + """
    const found = [];
    for (const region of document.querySelectorAll('.scroll'))
        if (region.scrollWidth > region.clientWidth) found.push(`${region.scrollWidth} in ${region.clientWidth}`);
    for (const head of document.querySelectorAll('thead th')) {
        const text = document.createRange();
        text.selectNodeContents(head);
        const inside = text.getBoundingClientRect().right <= head.getBoundingClientRect().right + 1;
        if (!unseen(head) && !inside) found.push(name(head));
    }
    return JSON.stringify(found);
}"""
)

_FOCUSED = (
    "() => {"
    + _COMMON
    + """
    const element = document.activeElement;
    if (!element || element === document.body) return 'null';
    element.dataset.reached ??= Math.random().toString(36).slice(2);
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    return JSON.stringify({
        id: element.dataset.reached, name: name(element), kind: kind(element),
        folded: element.localName === 'summary' && !element.parentElement.open,
        // "auto" is the browser's own ring.
        outlined: style.outlineStyle === 'auto'
            || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2),
        inside: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
        x: box.x, y: box.y, width: box.width, height: box.height,
        left: visualViewport.pageLeft, top: visualViewport.pageTop,
    });
}"""
)

_OPERABLE = (
    "() => {"
    + _COMMON
    + """
    const some = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    const ofReachedGroup = each => document.querySelector(`[name="${CSS.escape(each.name)}"][data-reached]`);
    return JSON.stringify([...document.querySelectorAll(some)]
        .filter(each => !unseen(each) && !each.disabled && each.getClientRects().length && !each.dataset.reached)
        // Of the buttons of a group only one is reached by the tabulator, the others by the arrows.
        .filter(each => each.type !== 'radio' || !ofReachedGroup(each))
        .map(name));
}"""
)


async def sticking_out(page: Page) -> list[str]:
    """What is wider than the screen and not inside a region that scrolls by itself."""
    return json.loads(await page.evaluate(_STICKING_OUT))


async def cut_off(page: Page) -> list[str]:
    """What hides a part of its content without saying so, or scrolls, which paper does not."""
    return json.loads(await page.evaluate(_CUT_OFF))


MOST_BYTES = 3_000_000
"""Of a page that is printed; its fonts are most of it."""


async def sheets(page: Page) -> list[tuple[int, int]]:
    """Print a page; width and height of each sheet, in millimetres. A page is no file of pictures."""
    pdf = await page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(pdf) < MOST_BYTES, f"{len(pdf)} bytes to print"
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", pdf)
    return [(round(float(width) / 72 * 25.4), round(float(height) / 72 * 25.4)) for width, height in boxes]


async def not_seen_whole(page: Page) -> list[str]:
    """Which tables are wider than what they stand in, and which of their heads than their columns."""
    return json.loads(await page.evaluate(_NOT_SEEN_WHOLE))


async def focused(page: Page) -> dict[str, Any] | None:
    """Where the keyboard's focus is; none: nowhere.

    Returns:
        its element's own ``id``, its ``name``, place and looks, whether it is the head of what is ``folded`` away, how
        far the page is scrolled, and its ``kind``: the same for what stands in the same place of another row.
    """
    return json.loads(await page.evaluate(_FOCUSED))


async def never_focused(page: Page) -> list[str]:
    """What can be operated and was never asked about by ``focused``."""
    return json.loads(await page.evaluate(_OPERABLE))
