"""The handling report (办理报告): assembled from the case when it is concluded, in Chinese, ready to be read."""

from pydantic import BaseModel

from petitions.case import Case, ReportIn
from petitions.clock import local
from petitions.regions import shown
from petitions.telling import moment
from petitions.values import Value
from petitions.vocabulary import Opinion


class Section(Value):
    """A section of the report: its heading and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


class HandlingReport(Value):
    """A handling report; its text is what is submitted and what its digest is of."""

    case_no: str
    title: str
    sections: tuple[Section, ...]

    @property
    def text(self) -> str:
        """The whole report as plain text."""
        lines = [self.title]
        for section in self.sections:
            lines += ["", section.heading, *section.paragraphs]
        return "\n".join(lines) + "\n"


def handling_report(case: Case) -> HandlingReport:
    """Assemble the report of a case from what it knows; as it would be, if it is not concluded yet."""
    return HandlingReport(
        case_no=case.case_no,
        title=f"关于第{case.case_no}号信访举报件办理情况的报告",
        sections=(_basics(case), _findings(case), _coverage(case), _survey(case), _course(case)),
    )


def _basics(case: Case) -> Section:
    hand_over, offset = case.hand_over, case.rules.durations.utc_offset_minutes
    star = "加星件" if case.starred else "一般件"
    kinds = "、".join(category.label for category in hand_over.categories)
    unit = case.title_of(case.responsible_unit) if case.responsible_unit else "未定"
    place = shown(hand_over.county, case.rules.region_names)
    received = local(hand_over.received_at, offset)
    return Section(
        heading="一、基本情况",
        paragraphs=(
            (
                f"受理编号：{case.case_no}（{star}）。交办时间：{received:%Y年%m月%d日 %H:%M}。"
                f"来源：{hand_over.channel.label}。"
            ),
            f"地点：{place}{hand_over.location}。污染类型：{kinds}。责任单位：{unit}。",
            f"反映问题：{hand_over.summary}",
        ),
    )


def _findings(case: Case) -> Section:
    if not case.reports:
        return Section(heading="二、调查核实和处理整改情况", paragraphs=("尚未收到最终整改报告。",))
    report = case.reports[-1]
    said = [
        f"调查结论：{report.finding.label}。办理状态：{report.completion.label}。",
        f"调查情况：{report.facts}",
        f"处理和整改：{report.measures}",
        *_measures(report),
    ]
    if case.verification:
        said.append(f"现场核实（{case.title_of(case.verification.by.office)}）：{case.verification.opinion}")
    if case.review:
        said.append(f"初审（{case.title_of(case.review.by.office)}）：{case.review.opinion}")
    return Section(heading="二、调查核实和处理整改情况", paragraphs=tuple(said))


_COUNTED = {
    "orders_to_rectify": "责令整改{}家",
    "penalties_filed": "立案处罚{}家",
    "fine_yuan": "罚款{}元",
    "criminal_cases": "立案侦查{}件",
    "detained": "拘留{}人",
    "interviewed": "约谈{}人",
    "held_accountable": "问责{}人",
}


def _measures(report: ReportIn) -> list[str]:
    outcome: BaseModel | None = report.outcome
    if outcome is None:
        return []
    counts = outcome.model_dump()
    said = "，".join(words.format(counts[field]) for field, words in _COUNTED.items() if counts[field])
    return [f"处理结果：{said}。"] if said else []


def _coverage(case: Case) -> Section:
    offset = case.rules.durations.utc_offset_minutes
    said = [
        f"领导批示：{case.title_of(given.by.office)}于{moment(given.at, offset)}批示：{given.text}"
        for given in case.instructions
    ]
    said += [
        f"{visit.purpose.label}：{case.title_of(visit.by.office)}于{moment(visit.at, offset)}到现场。"
        for visit in case.visits
    ]
    force = case.task_force
    if force:
        assisting = "、".join(case.title_of(unit) for unit in force.assisting_departments) or "无"
        said.append(
            f"工作专班：{case.called(force.lead_leader)}包案，"
            f"{case.title_of(force.lead_department)}主办，协办：{assisting}。"
        )
    return Section(heading="三、四个全覆盖落实情况", paragraphs=tuple(said) or ("暂无。",))


def _survey(case: Case) -> Section:
    said = tuple(
        f"第{survey.round}轮：回访{survey.responses}人，"
        + "，".join(f"{opinion.label}{survey.opinions.get(opinion.value, 0)}人" for opinion in Opinion)
        + f"；结论：{'满意' if survey.satisfied else '不满意' if survey.satisfied is False else '进行中'}。"
        for survey in case.surveys
    )
    return Section(heading="四、满意回访情况", paragraphs=said or ("尚未回访。",))


def _course(case: Case) -> Section:
    offset = case.rules.durations.utc_offset_minutes
    said = [
        f"{moment(sent_back.at, offset)}退回重办（{sent_back.authority}），限{sent_back.days}天：{sent_back.reason}。"
        for sent_back in case.reopenings
    ]
    said.append(f"办结上报时限：{moment(case.due_at, offset)}。")
    if case.extended_days:
        said.append(f"经批准延期{case.extended_days}天，原时限：{moment(case.original_due_at, offset)}。")
    said += [
        f"逾期：{breach.milestone.label}，应于{moment(breach.due_at, offset)}完成"
        + (f"，{moment(breach.met_at, offset)}补办。" if breach.met_at else "。")
        for breach in case.breaches
    ]
    return Section(heading="五、办理时限情况", paragraphs=tuple(said))
