"""Why a bulletin's counts do not add up: each remark names the cases that make the difference."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from petitions.bulletin.figures import (
    BatchCounts,
    BulletinDay,
    CumulativeCounts,
    HandOverFacts,
    Remark,
    RemarkKind,
)
from petitions.regions import regions_of, shown

_NAMED: Final = 20
"""So many case numbers stand in a remark's text before it says how many more there are."""
_DIGITS: Final = "零一二三四五六七八九"


def batch_name(number: int) -> str:
    """A batch as the press writes it: 第二十六批; from 100 on in digits."""
    if not 1 <= number <= 99:
        return f"第{number}批"
    tens, ones = divmod(number, 10)
    text = (_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_DIGITS[ones] if ones else "")
    return f"第{text}批"


def remarks_on_batch(
    counts: BatchCounts,
    batch: Sequence[HandOverFacts],
    earlier: Sequence[HandOverFacts],
    day: BulletinDay,
    regions: Mapping[str, str],
) -> list[Remark]:
    """What a reader of one batch's counts must know.

    Args:
        counts: The batch's.
        batch: Its cases of the day.
        earlier: Cases of the same batch that were handed over on a day before.
        day: The bulletin's.
        regions: What people read for every region, by id.
    """
    name = batch_name(counts.batch)
    several = [case for case in batch if len(set(case.categories)) > 1]
    total = sum(counts.types.values())
    after_ten = [case for case in batch if case.received_at > day.ten]
    changed = [case for case in batch if case.starred is not case.starred_until_ten]
    return [
        *_remark(
            RemarkKind.SEVERAL_TYPES,
            counts.batch,
            several,
            f"{name}交办{counts.received}件，各类型合计{total}件次，多{total - counts.received}件次："
            f"{len(several)}件涉及两种以上污染类型，按类型分别计数",
        ),
        *remarks_on_regions(counts, batch, regions),
        *_remark(
            RemarkKind.OTHER_DAY,
            counts.batch,
            earlier,
            f"{name}另有{len(earlier)}件在此前交办，已计入交办当日，本日不再计数",
        ),
        *_remark(
            RemarkKind.AFTER_TEN,
            counts.batch,
            after_ten,
            f"{name}有{len(after_ten)}件于当日{day.ten.hour}时以后交办，未计入截至{day.ten.hour}时的累计数",
        ),
        *_remark(
            RemarkKind.STAR_CHANGED,
            counts.batch,
            changed,
            f"{name}有{len(changed)}件交办后调整加星：本批按交办时计数，累计按调整后计数",
            lambda case: "加星" if case.starred_until_ten else "取消加星",
        ),
    ]


def remarks_on_regions(
    counts: BatchCounts | CumulativeCounts, cases: Sequence[HandOverFacts], regions: Mapping[str, str]
) -> list[Remark]:
    """Why the regions of a batch, or of all cases until ten, add up to more or less than the cases.

    Args:
        counts: The counts in question.
        cases: The cases they count.
        regions: What people read for every region, by id.
    """
    known = {case.case_no: sum(region in regions for region in regions_of(case.county)) for case in cases}
    joint = [case for case in cases if known[case.case_no] > 1]
    outside = [case for case in cases if known[case.case_no] == 0]
    more = sum(known[case.case_no] - 1 for case in joint)
    batch = counts.batch if isinstance(counts, BatchCounts) else None
    name = "累计" if batch is None else batch_name(batch)
    total = sum(region.cases for region in counts.regions)
    sums = f"{name}交办{counts.received}件，各地区合计{total}件"

    def where(case: HandOverFacts) -> str:
        return shown(case.county, regions)

    return [
        *_remark(
            RemarkKind.JOINT,
            batch,
            joint,
            f"{sums}：{len(joint)}件由两个以上地区联合办理，在各地区分别计数，多计{more}件",
            where,
        ),
        *_remark(
            RemarkKind.OUTSIDE,
            batch,
            outside,
            f"{sums}：{len(outside)}件所填地区不在所列地区之内，未计入任何地区，少计{len(outside)}件",
            where,
        ),
    ]


def remarks_without_batch(cases: Sequence[HandOverFacts]) -> list[Remark]:
    """Cases of the day that say no batch: they stand in no batch's counts."""
    return _remark(RemarkKind.NO_BATCH, None, cases, f"当日另有{len(cases)}件未标明批次，未计入本日各批")


def _remark(
    kind: RemarkKind,
    batch: int | None,
    cases: Sequence[HandOverFacts],
    sentence: str,
    detail: Callable[[HandOverFacts], str] | None = None,
) -> list[Remark]:
    """The remark, if there are cases it is about."""
    if not cases:
        return []
    named = "、".join(case.case_no + (f"〔{detail(case)}〕" if detail else "") for case in cases[:_NAMED])
    rest = f"等{len(cases)}件" if len(cases) > _NAMED else ""
    return [
        Remark(
            kind=kind,
            batch=batch,
            cases=tuple(case.case_no for case in cases),
            text=f"{sentence}（{named}{rest}）。",
        )
    ]
