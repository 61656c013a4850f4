"""Cases of every sort on record, and what somebody can do to them who owns the tables."""

from collections.abc import Sequence
from hashlib import sha256

from petitions.events import ReportSubmitted
from petitions.report import handling_report
from store import Store
from store.chain import entry_hash
from store.connection import Connection
from tests.petitions.building import Story, concluded, rectifying

READ_MODEL = {
    "petition_case": "SELECT * FROM petition_case ORDER BY case_no",
    "waiting": "SELECT * FROM waiting ORDER BY case_no, office, what",
}
"""All tables that are derived from the record, with how to read them."""
_OF_THE_WRITING = {"revision", "updated_at"}


async def read_model(admin: Connection) -> dict[str, list[dict[str, object]]]:
    """Every derived table, whole, but for what only tells of its writing."""
    return {
        table: [
            {name: value for name, value in row.items() if name not in _OF_THE_WRITING}
            for row in await admin.fetch(query)
        ]
        for table, query in READ_MODEL.items()
    }


def all_sorts() -> Sequence[Story]:
    """X1 open; X2 concluded; X3 starred, late, in its second round; X4 reopened; X5 with a refused message."""
    late = rectifying(case_no="X3").on_day(8).stars().extends(3).covered().reports().verifies().reviews()
    refusing = rectifying(case_no="X5").forms_task_force(members=[{"office": "unit/交通局", "name": "成员"}])
    refusing.asks_to_reopen()
    return (
        rectifying(),
        concluded(case_no="X2"),
        late.surveys(dissatisfied=9),
        concluded(case_no="X4").reopens(),
        refusing,
    )


async def keep(store: Store, *stories: Story) -> None:
    """Record stories, each at once."""
    for story in stories:
        await store.record(story.case.case_no, story.entries)


async def keep_one_by_one(store: Store, *stories: Story) -> None:
    """Record stories entry by entry, as they come about in service."""
    for story in stories:
        for entry in story.entries:
            await store.record(story.case.case_no, [entry])


async def keep_with_report(store: Store, story: Story) -> Story:
    """Record a story, its handling report submitted as the workflow does it."""
    report = handling_report(story.case)
    digest = sha256(report.text.encode()).hexdigest()
    for place, entry in enumerate(story.entries):
        if isinstance(entry.happened, ReportSubmitted):
            await store.submit_report(story.case.case_no, f"round-{story.case.round}", report, entry.at)
            happened = entry.happened.model_copy(update={"sha256": digest})
            story.entries[place] = entry.model_copy(update={"happened": happened})
    await keep(store, story)
    return story


async def tamper(admin: Connection, *statements: str, arguments: Sequence[object] = ()) -> None:
    """As the tables' owner can, who switches the triggers and keys off; every statement must do something."""
    tables = ("case_event", "record_head", "record_head_tip", "handling_report")
    async with admin.transaction():
        for table in tables:
            await admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for statement in statements:
            done = await admin.execute(statement, *arguments)
            assert not done.endswith(" 0"), f"{statement} did nothing"
        for table in tables:
            await admin.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            await admin.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


async def forge_whole_record(admin: Connection, case_no: str, old: str, new: str) -> None:
    """Change a text in a case and hash everything after it anew, so that the chain fits."""
    rows = await admin.fetch(
        "SELECT seq, entry::text AS entry FROM case_event WHERE case_no = $1 ORDER BY seq", case_no
    )
    before: bytes | None = None
    forged = "UPDATE case_event SET entry = $3::text::json, line = $3::json ->> 'text', prev_hash = $4, hash = $5 "
    for row in rows:
        text = row["entry"].replace(old, new)
        fitting = entry_hash(case_no, row["seq"], before, text)
        await tamper(
            admin, f"{forged} WHERE case_no = $1 AND seq = $2", arguments=(case_no, row["seq"], text, before, fitting)
        )
        before = fitting
