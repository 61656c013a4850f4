"""A case stuffed with as much of everything as it takes, in the widest characters there are."""

import json
from datetime import datetime, timedelta
from typing import Any

from activities.jurisdictions import Jurisdictions
from petitions.case import Case
from petitions.hand_over import HandOver
from petitions.jurisdiction.rules import rules_for
from petitions.messages import read_message
from petitions.procedure import Answered, let_time_pass, open_case, take_in
from petitions.vocabulary import Category, Channel
from tests.workflows.outside_program import CHINA, UNIT

WIDE = "𠀀"
"""A character of four bytes."""
NAME, TEXT = WIDE * 200, WIDE * 20_000
LEADER, STABILITY, REVISIT, INTAKE = (
    "city/mayor",
    "city/stability-team",
    "city/revisit-team",
    "city/intake",
)


class Stuffed:
    """A case that takes in message after message, without an engine."""

    def __init__(self) -> None:
        self.at = datetime(2021, 8, 29, 10, tzinfo=CHINA)
        hand_over = HandOver(
            case_no="X" * 64,
            received_at=self.at,
            channel=Channel.PHONE,
            starred=False,
            county="通川区",
            location=NAME,
            categories=tuple(Category),
            summary=TEXT,
            responsible_unit=UNIT,
        )
        rules = rules_for(
            Jurisdictions("dazhou").get(None),
            received_at=self.at,
            county="通川区",
            categories=hand_over.categories,
            responsible_unit=UNIT,
        )
        self.case: Case = open_case(hand_over, rules, self.at).case
        self._count = 0

    @property
    def size(self) -> int:
        """Bytes of the case in JSON."""
        return len(self.case.model_dump_json().encode())

    def send(self, kind: str, office: str, **body: Any) -> Answered:
        """Send a message; its id and its sender's name are as long as may be, and no two alike."""
        self._count += 1
        own = f"{self._count:06d}"
        message = {"kind": kind, "message_id": NAME[:-6] + own, "by": {"office": office, "name": NAME[:-6] + own}}
        self.at += timedelta(milliseconds=1)
        self.case = let_time_pass(self.case, self.at).case
        answered = take_in(self.case, read_message(json.dumps(message | body).encode()), self.at)
        self.case = answered.case
        return answered

    def stuff(self) -> None:
        """All that a case takes, with two rounds of surveys and many refusals."""
        self.send("acknowledgement", UNIT)
        members = [{"office": LEADER, "name": NAME[:-3] + f"{number:03d}"} for number in range(100)]
        self.send(
            "task_force",
            STABILITY,
            lead_leader={"office": LEADER, "name": NAME},
            lead_department=UNIT,
            assisting_departments=[UNIT] * 50,
            members=members,
        )
        report = {
            "finding": "substantiated",
            "completion": "completed",
            "facts": TEXT[:10_000],
            "measures": TEXT[:10_000],
        }
        for number in range(130):
            self.send("leader_instruction", LEADER, text=TEXT, complete_by=f"2031-09-01T10:00:00.{number:06d}+08:00")
            self.send("site_visit", LEADER, purpose="investigation", notes=TEXT)
            self.send("acknowledgement", UNIT)
            self.send("rectification_report", UNIT, final=False, **report)
        for round_ in (1, 2, 3):
            for returned in range(15):
                self.send("rectification_report", UNIT, final=True, **report)
                confirmed = returned == 14
                self.send("verification", "city/supervision-team", confirmed=confirmed, opinion=TEXT)
            self.send("preliminary_review", STABILITY, passed=True, opinion=TEXT)
            self._survey(round_)
        for _ in range(400):
            self.send("survey_result", REVISIT, round=99, responses=[], complete=True)
            self.send("dispatch", INTAKE, unit=NAME)
            self.send("merge", INTAKE, into=NAME, reason=TEXT)
        while not self.send("extension", INTAKE, days=1, reason=TEXT[:5_000], authority=TEXT[:5_000]).refusal:
            pass

    def _survey(self, round_: int) -> None:
        for part in range(40):
            first = part * 250
            answers = [
                {"respondent": f"r{number}", "opinion": "dissatisfied", "comment": "差"}
                for number in range(first, first + 250)
            ]
            complete = part == 39 and round_ < 3
            self.send("survey_result", REVISIT, round=round_, responses=answers, complete=complete)
