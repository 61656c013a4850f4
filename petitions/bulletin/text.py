"""The bulletin as a text, in the order and the manner in which the press prints it."""

from collections.abc import Iterable

from petitions.bulletin.figures import Bulletin, Counts, CumulativeCounts, Region
from petitions.bulletin.remarks import batch_name


def bulletin_text(bulletin: Bulletin) -> str:
    """The bulletin in Chinese, a paragraph a line, with a line feed at the end."""
    day, place = bulletin.date, bulletin.jurisdiction
    paragraphs = [
        f"{place}生态环境保护督察群众信访举报件交办情况",
        f"（{day.year}年{day.month}月{day.day}日）",
    ]
    for batch in bulletin.batches:
        types = "、".join(f"{kind.label}{cases}件" for kind, cases in batch.types.items())
        paragraphs += [
            f"{day.month}月{day.day}日，督察组向{place}移交{batch_name(batch.batch)}群众信访举报件{_received(batch)}。",
            f"从举报的生态环境问题类型看（一件举报可能涉及多种类型），涉及{types}。",
            f"从区域分布看，{_regions(batch.regions)}。",
        ]
    paragraphs.append(_cumulative(bulletin.cumulative, place))
    if bulletin.remarks:
        paragraphs.append("说明：")
        paragraphs += [f"{number}. {remark.text}" for number, remark in enumerate(bulletin.remarks, 1)]
    return "\n".join(paragraphs) + "\n"


def _cumulative(counts: CumulativeCounts, place: str) -> str:
    at = counts.at
    regions = f"各地累计：{_regions(counts.regions)}。" if counts.received else ""
    return f"截至{at.month}月{at.day}日{at.hour}时，督察组累计向{place}移交群众信访举报件{_received(counts)}。{regions}"


def _received(counts: Counts) -> str:
    """How many, how they had come, and how many of them are starred; 网络 and 其他 only if there are any."""
    came = [f"来电举报{counts.phone}件", f"来信举报{counts.letter}件"]
    came += [f"网络举报{counts.online}件"] * bool(counts.online)
    came += [f"其他方式举报{counts.other}件"] * bool(counts.other)
    return f"{counts.received}件（{'，'.join(came)}），其中重点关注（加星）{counts.starred}件"


def _regions(regions: Iterable[Region]) -> str:
    return "、".join(f"{region.name}{region.cases}件" for region in regions) or "无一件属于所列地区"
