"""The form of each message: its fields in Chinese, in the order in which a person fills them in.

Only labels, order and help stand here. What a field takes (how long, how many, which words, whether it may be left
out) is read from the message's own model, so that a form and the contract cannot drift apart.
"""

from collections.abc import Collection, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, cast

from pydantic import BaseModel

from petitions import messages, reopening
from petitions.case import Case
from petitions.forms.fields import Choice, Form, FormField, Shape
from petitions.offers import takes_final_report, visit_purposes
from petitions.reopening import REOPEN
from petitions.values import Person
from petitions.vocabulary import Completion, Finding, MessageKind, Purpose

_MEASURES: Final = {
    "orders_to_rectify": "责令整改（件）",
    "penalties_filed": "立案处罚（件）",
    "fine_yuan": "罚款金额（元）",
    "criminal_cases": "立案侦查（件）",
    "detained": "拘留（人）",
    "interviewed": "约谈（人）",
    "held_accountable": "问责（人）",
}
_FOLDED: Final = "查处问责情况（没有的不填）"

_K = MessageKind
_FIELDS: Final[Mapping[str, tuple[FormField, ...]]] = MappingProxyType(
    {
        _K.DISPATCH: (
            FormField(name="unit", label="责任单位", shape=Shape.SELECT),
            FormField(name="note", label="分发说明", shape=Shape.TEXT),
        ),
        _K.ACKNOWLEDGEMENT: (),
        _K.LEADER_INSTRUCTION: (
            FormField(name="text", label="批示内容", shape=Shape.TEXT),
            FormField(
                name="complete_by", label="要求完成时间", shape=Shape.MOMENT, help="填写后按此时间督办；没有要求的不填"
            ),
        ),
        _K.TASK_FORCE: (
            FormField(name="lead_leader.office", label="包案领导职务", shape=Shape.SELECT),
            FormField(name="lead_leader.name", label="包案领导姓名", shape=Shape.LINE),
            FormField(name="lead_department", label="主办部门", shape=Shape.SELECT),
            FormField(name="assisting_departments", label="协办部门", shape=Shape.MANY),
            FormField(
                name="members",
                label="专班成员",
                shape=Shape.PEOPLE,
                help="每行一人：只写姓名，或写“单位 姓名”；也可以每行写一个单位",
            ),
        ),
        _K.SITE_VISIT: (
            FormField(name="purpose", label="到场事由", shape=Shape.CHOICE),
            FormField(name="notes", label="现场情况", shape=Shape.TEXT),
            FormField(name="occurred_at", label="到场时间", shape=Shape.MOMENT, help="不填则以提交时间为准"),
            FormField(
                name="attachments",
                label="现场照片",
                shape=Shape.FILES,
                help="照片存入本件附件，照片名和内容指纹记入现场情况",
                beside=True,
            ),
        ),
        _K.RECTIFICATION_REPORT: (
            FormField(name="final", label="报告类型", shape=Shape.CHOICE),
            FormField(name="finding", label="核查结论", shape=Shape.CHOICE),
            FormField(name="facts", label="核查情况", shape=Shape.TEXT, help="反映的问题逐项写明查到了什么"),
            FormField(name="measures", label="整改措施", shape=Shape.TEXT, help="已经做了什么，还要做什么"),
            FormField(name="completion", label="办理状态", shape=Shape.CHOICE),
            *(
                FormField(
                    name=f"outcome.{name}",
                    label=label,
                    shape=Shape.AMOUNT if name == "fine_yuan" else Shape.WHOLE,
                    folded=_FOLDED,
                )
                for name, label in _MEASURES.items()
            ),
            FormField(
                name="attachments",
                label="附件、照片",
                shape=Shape.FILES,
                help="照片、PDF、Word 或 Excel，可以选多个文件",
            ),
        ),
        _K.VERIFICATION: (
            FormField(name="confirmed", label="核实结论", shape=Shape.CHOICE),
            FormField(name="opinion", label="核实意见", shape=Shape.TEXT),
        ),
        _K.PRELIMINARY_REVIEW: (
            FormField(name="passed", label="初审结论", shape=Shape.CHOICE),
            FormField(name="opinion", label="初审意见", shape=Shape.TEXT),
        ),
        _K.SURVEY_RESULT: (
            FormField(
                name="responses",
                label="问卷",
                shape=Shape.ANSWERS,
                help="受访人用代号（如“居民1”），同一轮不能重复；空行不计。可以分几次提交",
            ),
            FormField(name="complete", label="本轮回访", shape=Shape.CHOICE),
            FormField(name="team", label="回访人员", shape=Shape.NAMES, help="每行一人；参与本件办理的人员不能参加"),
        ),
        _K.EXTENSION: (
            FormField(name="days", label="延期天数", shape=Shape.WHOLE),
            FormField(name="authority", label="批准机关、文号", shape=Shape.TEXT),
            FormField(name="reason", label="延期理由", shape=Shape.TEXT),
        ),
        _K.STARRING: (
            FormField(name="starred", label="调整为", shape=Shape.CHOICE),
            FormField(name="reason", label="调整理由", shape=Shape.TEXT),
        ),
        _K.MERGE: (
            FormField(name="into", label="并入的受理编号", shape=Shape.LINE),
            FormField(name="reason", label="并案理由", shape=Shape.TEXT),
        ),
        _K.WITHDRAWAL: (FormField(name="reason", label="撤回理由", shape=Shape.TEXT),),
        REOPEN: (
            FormField(name="days", label="办理期限（天）", shape=Shape.WHOLE, help="从退回之时起算"),
            FormField(name="authority", label="退回机关、文号", shape=Shape.TEXT),
            FormField(name="reason", label="退回理由", shape=Shape.TEXT),
        ),
    }
)
_TITLES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        _K.DISPATCH: ("分发给责任单位", "分发"),
        _K.ACKNOWLEDGEMENT: ("签收本件", "签收"),
        _K.LEADER_INSTRUCTION: ("作出批示", "提交批示"),
        _K.TASK_FORCE: ("组建工作专班", "提交专班名单"),
        _K.SITE_VISIT: ("记录现场督导、调查、核实", "提交现场记录"),
        _K.RECTIFICATION_REPORT: ("提交整改报告", "提交报告"),
        _K.VERIFICATION: ("核实整改情况", "提交核实结论"),
        _K.PRELIMINARY_REVIEW: ("初审", "提交初审结论"),
        _K.SURVEY_RESULT: ("录入满意度问卷", "提交问卷"),
        _K.EXTENSION: ("延期", "提交延期"),
        _K.STARRING: ("加星、取消加星", "提交调整"),
        _K.MERGE: ("并入另一件（重复件）", "提交并案"),
        _K.WITHDRAWAL: ("撤回本件", "提交撤回"),
        REOPEN: ("退回重办", "退回重办"),
    }
)
_CHOICES: Final[Mapping[str, tuple[Choice, ...]]] = MappingProxyType(
    {
        "final": (("false", "进展报告"), ("true", "最终报告（进入核实）")),
        "confirmed": (("true", "整改到位，通过"), ("false", "整改不到位，退回")),
        "passed": (("true", "通过"), ("false", "退回")),
        "complete": (("false", "尚未结束，还要补充"), ("true", "已结束，以现有问卷判定")),
        "starred": (("true", "加星件"), ("false", "非加星件")),
        "finding": tuple((word.value, word.label) for word in Finding),
        "completion": tuple((word.value, word.label) for word in Completion),
        "purpose": tuple((word.value, word.label) for word in Purpose),
    }
)


def form_for(case: Case, kind: str, by: Person, near: Collection[str] = ()) -> Form:
    """The form of a message on a case.

    Args:
        case: As it stands.
        kind: A ``MessageKind``, or ``REOPEN``.
        by: Who fills it in.
        near: Units to be offered before all others: the county's.
    """
    title, button = _TITLES[kind]
    fields = tuple(_offered(_limited(kind, field), case, by, near) for field in _FIELDS[kind])
    return Form(
        kind=kind,
        title=title,
        button=button,
        fields=fields,
        initial=_initial(case, kind, by, fields),
        note=_note(case, kind),
    )


def label_of(name: str) -> str:
    """What a field is called, whichever form it stands in; a name that no form has stays as it is."""
    part = name.rpartition(".")[2]
    return next((field.label for fields in _FIELDS.values() for field in fields if field.name == name), part)


def model_of(kind: str) -> type[BaseModel]:
    """The model that a form's body must fit."""
    return _MODELS[kind]


_MODELS: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        **{
            cast("str", model.model_fields["kind"].default): model
            for model in (
                messages.Dispatch,
                messages.Acknowledgement,
                messages.LeaderInstruction,
                messages.TaskForce,
                messages.SiteVisit,
                messages.RectificationReport,
                messages.Verification,
                messages.PreliminaryReview,
                messages.SurveyResult,
                messages.Extension,
                messages.Starring,
                messages.Merge,
                messages.Withdrawal,
            )
        },
        REOPEN: reopening.Reopening,
    }
)


def _limited(kind: str, field: FormField) -> FormField:
    """A field with what its message's model says of it."""
    if field.beside:
        return field
    schema, required = _schema_of(model_of(kind), field.name)
    return field.model_copy(
        update={
            # A list must be there and may be empty: for a person that is no field that must be filled in.
            "required": (required and field.shape is not Shape.MANY) or field.shape is Shape.ANSWERS,
            "longest": schema.get("maxLength", schema.get("maxItems")),
            "least": schema.get("minimum"),
            "greatest": schema.get("maximum"),
        }
    )


@cache
def _schema_of(model: type[BaseModel], name: str) -> tuple[dict[str, Any], bool]:
    """What the model's schema says of a field, and whether it must be there with all it stands in."""
    whole: dict[str, Any] = model.model_json_schema()
    found, required = whole, True
    for part in name.split("."):
        required = required and part in found.get("required", ())
        found = _resolved(found["properties"][part], whole.get("$defs", {}))
    return found, required


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    options: list[dict[str, Any]] = schema.get("anyOf", [])
    given = [option for option in options if option.get("type") != "null"]
    chosen = given[0] if given else schema
    reference = chosen.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else chosen


def _offered(field: FormField, case: Case, by: Person, near: Collection[str]) -> FormField:
    """A field with what there is to choose on this case."""
    match field.name:
        case "unit" | "lead_department":
            groups = _units(case, near)
        case "assisting_departments":
            first = [unit for unit in case.rules.units if unit in near] or list(case.rules.units)
            proposed = case.rules.proposal.assisting_departments if case.rules.proposal else ()
            named = case.task_force.assisting_departments if case.task_force else ()
            groups = (("", _called(case, dict.fromkeys((*first, *proposed, *named)))),)
        case "lead_leader.office":
            groups = (("", _called(case, case.rules.leaders)),)
        case "purpose":
            allowed = {purpose.value for purpose in visit_purposes(case, by)}
            groups = (("", tuple(choice for choice in _CHOICES["purpose"] if choice[0] in allowed)),)
        case "responses":
            return field.model_copy(update={"questions": case.rules.survey.questions})
        case "final" if not takes_final_report(case, by):
            groups = (("", _CHOICES["final"][:1]),)
        case name:
            groups = (("", _CHOICES[name]),) if name in _CHOICES else ()
    return field.model_copy(update={"groups": groups})


def _units(case: Case, near: Collection[str]) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    first = [unit for unit in case.rules.units if unit in near]
    others = [unit for unit in case.rules.units if unit not in near]
    groups = (("本地单位", _called(case, first)), ("其他单位", _called(case, others)))
    return tuple(group for group in groups if group[1])


def _called(case: Case, offices: Collection[str]) -> tuple[Choice, ...]:
    return tuple((office, case.title_of(office)) for office in offices)


def _initial(case: Case, kind: str, by: Person, fields: tuple[FormField, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for field in fields:
        # What leaves no choice is chosen.
        if field.shape is Shape.CHOICE and len(field.choices) == 1:
            found[field.name] = (field.choices[0][0],)
    match kind:
        case _K.TASK_FORCE if case.task_force:
            force = case.task_force
            found |= {
                "lead_leader.office": (force.lead_leader.office,),
                "lead_leader.name": (force.lead_leader.name,),
                "lead_department": (force.lead_department,),
                "assisting_departments": force.assisting_departments,
                "members": ("\n".join(_member(case, member) for member in force.members),),
            }
        case _K.TASK_FORCE if case.rules.proposal:
            proposal = case.rules.proposal
            found |= {
                "lead_leader.office": (proposal.lead_leader,),
                "lead_department": (proposal.lead_department,) if proposal.lead_department else (),
                "assisting_departments": proposal.assisting_departments,
            }
        case _K.SITE_VISIT:
            likely = Purpose.INVESTIGATION if by.office.startswith("unit/") else Purpose.SUPERVISION
            found["purpose"] = (likely.value,) if likely.value in dict(fields[0].choices) else ()
        case _K.STARRING:
            found["starred"] = ("false" if case.starred else "true",)
        case _:
            pass
    return found


def _member(case: Case, member: str | Person) -> str:
    if isinstance(member, Person):
        return f"{case.title_of(member.office)} {member.name}"
    return case.title_of(member)


def _note(case: Case, kind: str) -> str:
    """What a person should know before filling it in."""
    match kind:
        case _K.TASK_FORCE if case.task_force:
            return "已有专班，提交后以新名单为准。"
        case _K.TASK_FORCE if case.rules.proposal:
            return "以下按辖区配置预填，请核对后提交。"
        case _K.SURVEY_RESULT:
            have = case.survey.responses if case.survey else 0
            rules = case.rules.survey
            return (
                f"第{case.round}轮回访：已收到 {have} 份，至少需要 {rules.minimum_responses} 份；"
                f"满意和基本满意合计达到 {rules.satisfied_percent}% 为满意，否则返工。"
            )
        case _K.ACKNOWLEDGEMENT:
            return "签收后开始整改；请在时限内提交整改报告。"
        case _K.MERGE | _K.WITHDRAWAL:
            return "提交后本件办理结束，不能恢复。"
        case _:
            return ""
