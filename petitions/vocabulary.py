"""The words of the procedure: each set of words is an enumeration, with the Chinese that people read.

The identifiers are those of the outward contract; they never change. ``label`` is Simplified Chinese.
"""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A word of the contract (its value) with the Chinese that is shown to people (``label``)."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        """Make the member from its contract value and its Chinese label."""
        word = str.__new__(cls, value)
        word._value_ = value
        word.label = label
        return word


class Stage(Word):
    """Where a case stands, in the order of the procedure; the last three are ends."""

    RECEIVED = "received", "已接收"
    DISPATCHED = "dispatched", "已分发"
    RECTIFYING = "rectifying", "整改中"
    VERIFYING = "verifying", "核实中"
    REVIEWING = "reviewing", "初审中"
    SURVEYING = "surveying", "满意回访中"
    REPORTING = "reporting", "办结上报中"
    CONCLUDED = "concluded", "已办结"
    WITHDRAWN = "withdrawn", "已撤回"
    MERGED = "merged", "已并案"

    @property
    def closed(self) -> bool:
        """Whether the procedure is over for the case."""
        return self in {Stage.CONCLUDED, Stage.WITHDRAWN, Stage.MERGED}

    @property
    def report_is_in(self) -> bool:
        """Whether the unit's final report of this round has come (verifying or later)."""
        return self in {Stage.VERIFYING, Stage.REVIEWING, Stage.SURVEYING, Stage.REPORTING, Stage.CONCLUDED}


class Sticker(Word):
    """The colour stuck to a case on the wall."""

    YELLOW = "yellow", "黄"
    BLUE = "blue", "蓝"
    RED = "red", "红"


class Channel(Word):
    """How the complaint reached the inspection group."""

    PHONE = "phone", "来电"
    LETTER = "letter", "来信"
    ONLINE = "online", "网络"
    OTHER = "other", "其他"


class Category(Word):
    """Pollution type; several may hold for one case."""

    WATER = "water", "水"
    AIR = "air", "大气"
    SOIL = "soil", "土壤"
    NOISE = "noise", "噪声"
    ECOLOGY = "ecology", "生态"
    RADIATION = "radiation", "辐射"
    MARINE = "marine", "海洋"
    OTHER = "other", "其他"


class MessageKind(Word):
    """The messages a case takes in; also what an office can be waited for to do."""

    DISPATCH = "dispatch", "分发"
    ACKNOWLEDGEMENT = "acknowledgement", "签收"
    LEADER_INSTRUCTION = "leader_instruction", "批示"
    TASK_FORCE = "task_force", "组建工作专班"
    SITE_VISIT = "site_visit", "现场督导"
    RECTIFICATION_REPORT = "rectification_report", "整改报告"
    VERIFICATION = "verification", "核实"
    PRELIMINARY_REVIEW = "preliminary_review", "初审"
    SURVEY_RESULT = "survey_result", "满意度问卷"
    EXTENSION = "extension", "延期"
    STARRING = "starring", "加星调整"
    MERGE = "merge", "并案"
    WITHDRAWAL = "withdrawal", "撤回"


class Purpose(Word):
    """What a visit to the site was for."""

    SUPERVISION = "supervision", "现场督导"
    INVESTIGATION = "investigation", "现场调查"
    VERIFICATION = "verification", "现场核实"


class Finding(Word):
    """How far the complaint proved true."""

    SUBSTANTIATED = "substantiated", "属实"
    MOSTLY_SUBSTANTIATED = "mostly_substantiated", "基本属实"
    PARTLY_SUBSTANTIATED = "partly_substantiated", "部分属实"
    UNSUBSTANTIATED = "unsubstantiated", "不属实"


class Completion(Word):
    """How far the matter itself is settled."""

    COMPLETED = "completed", "办结"
    STAGE_COMPLETED = "stage_completed", "阶段性办结"


class Opinion(Word):
    """What a resident answered in the satisfaction survey."""

    SATISFIED = "satisfied", "满意"
    BASICALLY_SATISFIED = "basically_satisfied", "基本满意"
    DISSATISFIED = "dissatisfied", "不满意"


class Outcome(Word):
    """How a case ended."""

    CONCLUDED = "concluded", "办结"
    WITHDRAWN = "withdrawn", "撤回"
    MERGED = "merged", "并案"


class RefusalCode(Word):
    """Why a message was refused; the codes are stable."""

    MALFORMED = "malformed", "格式有误"
    UNKNOWN_KIND = "unknown_kind", "没有这种消息"
    UNKNOWN_OFFICE = "unknown_office", "没有这个单位（职务）"
    UNKNOWN_UNIT = "unknown_unit", "没有这个责任单位"
    NOT_YOURS = "not_yours", "无权办理"
    NOT_NOW = "not_now", "当前阶段不能办理"
    WRONG_ROUND = "wrong_round", "回访轮次不符"
    TOO_FEW_RESPONSES = "too_few_responses", "有效问卷不足"
    DUPLICATE_RESPONDENT = "duplicate_respondent", "受访人重复"
    CONFLICT_OF_INTEREST = "conflict_of_interest", "应当回避"
    TOO_LARGE = "too_large", "内容过大"
    MESSAGE_ID_REUSED = "message_id_reused", "消息编号已用于其他内容"


class Milestone(Word):
    """The deadlines of 1+3+5+7 that run from hand-over (§3); identifiers stand in ``breaches``."""

    DISPATCH = "dispatch", "1小时分发"
    REMINDER = "reminder", "第3天催办"
    REVIEW = "review", "第5天初审"
    BLUE = "blue", "第6天预警"
    REPORT = "report", "第7天办结上报"
    OVERDUE = "overdue", "超期通报"
    INSTRUCTION_LIMIT = "instruction_limit", "批示时限"


class Coverage(Word):
    """The four full coverages (四个全覆盖) that every case must have."""

    INSTRUCTION = "instruction", "领导批示"
    SUPERVISION = "supervision", "现场督导"
    TASK_FORCE = "task_force", "工作专班"
    REVISIT = "revisit", "满意回访"
