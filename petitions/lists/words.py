"""The words that stand in the cells of lists: how a complaint came, pollution types, yes and no, numbers of batches."""

import re
from collections.abc import Mapping
from typing import Final

from petitions.lists.columns import plain
from petitions.vocabulary import Category, Channel

_CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.PHONE: "来电 电话 电话举报 来电举报 热线 telephone phonecall call tel",
    Channel.LETTER: "来信 信件 信函 书信 来信举报 信箱 mail post",
    Channel.ONLINE: "网络 网上 网络举报 网站 网上举报 微信 微信举报 internet web wechat",
    Channel.OTHER: "其他 其它 来访 走访",
}
_CATEGORIES: Final[Mapping[Category, str]] = {
    Category.WATER: "水 废水 污水 地表水 地下水",
    Category.AIR: "大气 空气 气 废气 扬尘 油烟 恶臭 异味",
    Category.SOIL: "土壤 土",
    Category.NOISE: "噪声 噪音 声 sound",
    Category.ECOLOGY: "生态 自然生态 ecological",
    Category.RADIATION: "辐射 电磁辐射 核与辐射",
    Category.MARINE: "海洋 sea",
    Category.OTHER: "其他 其它 others",
}
_ANSWERS: Final[Mapping[bool, str]] = {
    True: "是 有 对 加星 加星件 重点 重点件 星 ★ ⭐ * √ ✓ ✔ y yes true t 1 star starred",
    False: "否 无 不 不是 不加星 未加星 非重点 非重点件 一般 一般件 普通 普通件 × ✗ - — / n no false f 0",
}

_ANSWER_BY_WORD = {word: answer for answer, words in _ANSWERS.items() for word in words.split()}
_CHANNEL_BY_WORD = {word: kind for kind, words in _CHANNELS.items() for word in (kind.value, *words.split())}
_CATEGORY_BY_WORD = {word: kind for kind, words in _CATEGORIES.items() for word in (kind.value, *words.split())}
_BETWEEN = re.compile(r"[、,;/|+\s]+|(?<=.)[和及](?=.)")
_OF_THE_TYPE = re.compile(r"(?:污染|环境|破坏|问题|类型|类|pollution)+$")

_BATCH = re.compile(r"第?([0-9]{1,10}|[零〇一二三四五六七八九十百]{1,7})批?次?")
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0}
_UNITS = {"十": 10, "百": 100}


def channel(text: str) -> Channel | None:
    """How the complaint came; none: the word is not known."""
    return _CHANNEL_BY_WORD.get("".join(plain(text).casefold().split()))


def categories(text: str) -> tuple[Category, ...] | None:
    """The pollution types of a cell, in its order; none: a word in it is not known."""
    words = [word for word in _BETWEEN.split(plain(text).casefold()) if word]
    found = [_CATEGORY_BY_WORD.get(word) or _CATEGORY_BY_WORD.get(_OF_THE_TYPE.sub("", word)) for word in words]
    known = tuple(kind for kind in found if kind is not None)
    return known if known and len(known) == len(found) else None


def yes_or_no(text: str) -> bool | None:
    """Yes, or no, which an empty cell means as well; none: the word is not known."""
    word = plain(text).casefold()
    return _ANSWER_BY_WORD.get(word) if word else False


def batch(text: str) -> int | None:
    """The number of a batch (``26``, ``第26批``, ``第二十六批``); none: it is no number, or a Chinese one above 999."""
    found = _BATCH.fullmatch("".join(plain(text).split()))
    if found is None:
        return None
    number = found[1]
    return int(number) if number.isascii() else _chinese(number)


def _chinese(number: str) -> int | None:
    """A Chinese number below a thousand; none: its figures make no number."""
    total, figure = 0, None
    above = 1_000
    for sign in number:
        if (unit := _UNITS.get(sign)) is not None:
            if unit >= above or (figure is None and total):
                return None
            total, figure, above = total + (1 if figure is None else figure) * unit, None, unit
        elif figure:
            return None
        else:
            figure = _DIGITS[sign]
    return total + (figure or 0)
