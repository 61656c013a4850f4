"""A wrong jurisdiction file is refused with the line and the reason of every mistake at once."""

import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from typing import NamedTuple, cast

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from petitions.jurisdiction.reading import JurisdictionError, Problem, read_jurisdiction
from petitions.jurisdiction.rules import rules_for

DAZHOU = files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
HERE = "#!"
"""Stands in the wrong texts on the line that must be told; a comment, so it changes nothing."""


def _problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(JurisdictionError) as caught:
        read_jurisdiction(text, source="city.toml")
    return caught.value.problems


def _edited(*edits: tuple[str, str]) -> str:
    text = DAZHOU
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} must stand once in dazhou.toml"
        text = text.replace(old, new)
    return text


class Wrong(NamedTuple):
    """One mistake put into the Dazhou file."""

    old: str
    new: str
    where: str
    reason: str
    line: str = ""
    """How the line begins on which it must be told, where that is not the marked or else the edited line."""


MISTAKES = [
    # what a single value shows
    Wrong("review   = 5", 'review = "5" #!', "days.review", "must be a whole number without quotes, not a text"),
    Wrong("review   = 5", "review = true #!", "days.review", "without quotes, not true or false"),
    Wrong("report   = 7", "report = 366 #!", "days.report", "366 is too large; it must be at most 365"),
    Wrong("satisfied_percent = 80", "satisfied_percent = 101 #!", "survey.satisfied_percent", "at most 100"),
    Wrong("minimum_responses = 10", "minimum_responses = 0 #!", "survey.minimum_responses", "it must be at least 1"),
    Wrong('dispatch        = "1h"', 'dispatch = "an hour" #!', "durations.dispatch", 'such as "1d", "4h" or "1h30m"'),
    Wrong('task_force  = "12h"', 'task_force = "0h" #!', "durations.starred.task_force", "longer than nothing"),
    Wrong('chase_every     = "1d"', "chase_every = 24 #!", "durations.chase_every", "must be a duration in quotes"),
    Wrong('ends_at  = "24:00"', 'ends_at = "24:30" #!', "days.ends_at", 'from "00:01" to "24:00"'),
    Wrong('ends_at  = "24:00"', "ends_at = 18 #!", "days.ends_at", "must be a time in quotes"),
    Wrong('rule     = "elapsed"', 'rule = "calender" #!', "days.rule", 'did you mean "calendar"?'),
    Wrong('gate                = "required"', 'gate = "off" #!', "coverage.gate", "known are: required, warning"),
    Wrong('colour = "blue" },', 'colour = "green" }, #!', "wall.stickers[1].colour", "known are: yellow, blue, red"),
    Wrong('timezone = "Asia/Shanghai"', 'timezone = "Asia/Shanghia" #!', "timezone", 'such as "Asia/Shanghai"'),
    Wrong('industries = ["air", "noise"]', 'industries = [\n"air",\n"nois", #!\n]',
          "leaders.vice-mayor-construction.industries[1]", 'did you mean "noise"?'),
    Wrong('title      = "副市长（分管工业）"', 'title = "" #!', "leaders.vice-mayor-industry.title", "is empty"),
    Wrong("ladder = [", "ladder_was = [ #!", "escalation.ladder_was", 'unknown key; did you mean "ladder"?'),
    Wrong("every_industry = true", 'every_industry = "yes" #!', "leaders.vice-mayor.every_industry", "true or false"),
    Wrong('recipient = "四川', '# "四川', "report.recipient", "is missing; add it", "[report]"),
    Wrong('[counties."达川区"]', '[counties."达川 区"] #!', "counties.达川 区", "no blanks and no '/'"),
    Wrong('"西城街道办事处"', '\n"西城/街道办事处" #!\n', "counties.通川区.units[1]", "no blanks and no '/'"),
    Wrong("[leaders.vice-mayor-industry]", '[leaders."vice/mayor"] #!', "leaders.vice/mayor", "no blanks and no '/'"),
    Wrong("radiation = [", 'radiation = [] #!\nmarine = [', "departments.radiation", "is empty"),
    Wrong("radiation = [", 'radiaton = [', "departments.radiaton", 'did you mean "radiation"?'),
    Wrong("[notify]", '[notify]\n"city/mayor" = ["token-4711"] #!', "notify.city/mayor[0]", "must be an Apprise URL"),
    Wrong('intake           = "市', 'intack = "市', "offices.intack", 'unknown key; did you mean "intake"?'),
    Wrong("[survey]", "[surveys] #!", "surveys", 'unknown key; did you mean "survey"?'),
    Wrong("[days]", "[day] #!", "day", 'did you mean "days"?'),
    Wrong('gather         = "5s"', 'gather = "5 s" #!', "notices.gather", 'such as "5s", "10m" or "1m30s"'),
    Wrong('gather         = "5s"', 'gather = "90s" #!', "notices.gather", 'must be at most "1m": the hour'),
    Wrong('digest_every   = "5m"', 'digest_every = "0s" #!', "notices.digest_every", "longer than nothing"),
    Wrong('digest_every   = "5m"', 'digest_every = "31m" #!', "notices.digest_every", "at most 30 minutes"),
    Wrong("per_minute     = 20", "per_minute = 0 #!", "notices.per_minute", "0 is too small; it must be at least 1"),
    Wrong("per_minute     = 20", 'per_minute = "20" #!', "notices.per_minute", "a whole number without quotes"),
    Wrong('quiet_from     = "22:00"', 'quiet_from = "10pm" #!', "notices.quiet_from", "must be a time in quotes"),
    Wrong('quiet_until    = "07:00"', "quiet_till = 7 #!", "notices.quiet_till", 'did you mean "quiet_until"?'),
    Wrong("[notices]", "[notice] #!", "notice", "unknown key; did you mean"),
    # what does not agree with the rest
    Wrong('missed = ["county_mayor", ', 'missed = ["city/stability-team", ', "escalation.missed[0]",
          "is not a leader's office"),
    Wrong('counties   = ["万源市"]', 'counties = ["万源县"] #!', "leaders.vice-mayor-natural-resources.counties[0]",
          'no county "万源县" in this file; did you mean "万源市"?'),
    Wrong('  "county_mayor",', '  "county_magistrate", #!', "escalation.ladder[1]", "is not an office of the city"),
    Wrong('  "city/stability-team",', '  "city/stability", #!', "escalation.ladder[0]",
          'did you mean "city/stability-team"?'),
    Wrong('"supervising_leader"]', '"city/leader/vice-major"] #!', "task_force.lead_leader[1]",
          'did you mean "city/leader/vice-mayor"?'),
    Wrong('supervision_plain   = ["answering_leaders", ', 'supervision_plain = ["city/intake", ',
          "coverage.supervision_plain[0]", '"city/intake" is not a leader\'s office'),
    Wrong('ecology   = ["自然资源局", "林业局", ', 'ecology = ["自然资源局", "林业居", ', "departments.ecology[1]",
          'did you mean "林业局"?'),
    Wrong('air       = ["生态环境局"', 'air = ["商务局"', "departments.air[0]", "is not a unit of every county"),
    Wrong('fallback = "生态环境局"', 'fallback = "环保局" #!', "units.fallback", "is not a unit of every county"),
    Wrong('departments.ecology = ["水务局"', 'departments.ecology = ["水利局"',
          "counties.宣汉县.departments.ecology[0]",
          '宣汉县 has no unit "水利局"'),
    Wrong('units             = ["通川区商务局"', 'units = ["通川区水务局"', "counties.通川区.units[0]",
          'duplicate office: "unit/通川区水务局"'),
    Wrong('[counties."渠县"]', '[counties."渠县"]\nunits = ["达州市生态环境局"] #!\n[counties."丁县"]',
          "counties.渠县.units[0]", 'duplicate office: "unit/达州市生态环境局"'),
    Wrong('title      = "副市长（分管工业）"', 'title = "市长" #!', "leaders.vice-mayor-industry.title",
          "is the title of offices.mayor too"),
    Wrong('[counties."渠县"]', '[counties."渠县"]\n[counties."高新"] #!', "counties.高新", "write titles = { mayor ="),
    Wrong("{ day = 6,", "{  day = 5,", "wall.stickers[1].day", "sticker days must ascend: 5 does not come after 5"),
    Wrong("report   = 7", "report = 4 #!", "days.report", "the report day (4) comes before the review day (5)"),
    Wrong("reminder = 3", "reminder = 6", "days.review", "the review day (5) comes before the reminder day (6)",
          "review "),
    Wrong("target   = 5", "target = 8", "days.report", "the report day (7) comes before the target day (8)",
          "report "),
    Wrong("merge                =", "merging = ", "may_send.merging", 'unknown key; did you mean "merge"?'),
    Wrong('verification         = ["city/supervision-team"]', 'verification = ["responsible_unit"] #!',
          "may_send.verification[0]", "handles the case and so may not send verification"),
    Wrong('survey_result        = ["city/revisit-team"]', 'survey_result = ["city/revisit"] #!',
          "may_send.survey_result[0]", 'did you mean "city/revisit-team"?'),
    Wrong('leader_instruction   = ["any_leader"]', 'leader_instruction = ["city/party-secretary", "city/mayor"]',
          "coverage.instruction_plain[0]", '"county_party_secretary" counts in coverage.instruction_plain but may not',
          "instruction_plain "),
    Wrong('leader_instruction   = ["any_leader"]', "leader_instruction = [] #!", "may_send.leader_instruction",
          "is empty; write at least one entry, or remove the line"),
    Wrong("[notify]", '[notify]\n"unit/通川区环保局" = [] #!', "notify.unit/通川区环保局",
          'no office "unit/通川区环保局" in this file'),
    Wrong('industries = ["air", "radiation"]\ncounties   = ["大竹县", "渠县"]', "#", "leaders.vice-mayor-industry",
          "answers for nothing",
          "[leaders.vice-mayor-industry]"),
    Wrong("every_industry = true", 'every_industry = true\nindustries = ["air"] #!', "leaders.vice-mayor.industries",
          "every_industry = true already covers these"),
    Wrong('  "您认为问题是否可能反弹？",', '  "您认为问题是否可能反弹？",\n  "您认为问题是否可能反弹？", #!',
          "survey.questions[5]", "stands twice in this list"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", MISTAKES, ids=lambda wrong: f"{wrong.where}: {wrong.reason}")
def test_each_mistake_is_told_with_its_line_and_a_reason(wrong: Wrong) -> None:
    text = _edited((wrong.old, wrong.new))
    problems = _problems(text)
    told = [problem for problem in problems if problem.where == wrong.where and wrong.reason in problem.reason]
    assert told, problems
    assert told[0].line == _line_of(text, wrong)
    assert all(problem.line >= 1 and problem.reason for problem in problems)


def _line_of(text: str, wrong: Wrong) -> int:
    if wrong.line:
        found = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith(wrong.line)]
        assert len(found) == 1, f"one line must begin with {wrong.line!r}"
        return found[0]
    place = text.index(HERE) if HERE in wrong.new else text.index(wrong.new)
    return text.count("\n", 0, place) + 1


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = _edited(
        ('timezone = "Asia/Shanghai"', 'timezone = "Mars/Olympus" #!'),
        ('industries = ["air", "noise"]', 'industries = ["air", "smell"] #!'),
        ('counties   = ["万源市"]', 'counties = ["巫山县"] #!'),
        ('departments.water = ["生态环境局"', 'departments.water = ["环保局"'),
        ('chase_every     = "1d"', 'chase_every = "daily" #!'),
        ("report   = 7", "report = 3 #!"),
        ('  { day = 6, colour = "blue" },', '  { day = 8, colour = "purple" }, #!'),
        ('  "county_mayor",', '  "county_major", #!'),
        ("recipient =", "receiver ="),
        ("merge     ", "merj     "),
        ("[notify]", '[notify]\n"city/nobody" = [] #!'),
    )
    lines = text.splitlines()
    told = [(problem.line, problem.where) for problem in _problems(text)]
    assert told == sorted(told, key=lambda each: each[0])
    assert {where for _, where in told} == {
        "timezone",
        "leaders.vice-mayor-construction.industries[1]",
        "leaders.vice-mayor-natural-resources.counties[0]",
        "counties.通川区.departments.water[0]",
        "durations.chase_every",
        "days.report",
        "wall.stickers[1].colour",
        "wall.stickers[2].day",
        "escalation.ladder[1]",
        "report.recipient",
        "report.receiver",
        "may_send.merj",
        "notify.city/nobody",
    }
    marked = {number for number, line in enumerate(lines, 1) if HERE in line}
    assert marked < {line for line, _ in told}


def test_the_error_reads_as_a_list_of_places() -> None:
    with pytest.raises(JurisdictionError) as caught:
        read_jurisdiction(_edited(('level    = "city"', 'level = "town"')), source="etc/city.toml")
    (problem,) = caught.value.problems
    line = DAZHOU[: DAZHOU.index("level    =")].count("\n") + 1
    assert problem.line == line
    assert str(caught.value) == (
        f'etc/city.toml:{line}: level: "town" is not one of the words for this; known are: city, province'
    )
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('id = "a"\nname = \n', 2, "not TOML: Invalid value"),
        ('id = "a"\nid = "b"\n', 2, "not TOML: Cannot overwrite a value"),
        ('[counties."渠县"]\n\n[counties."渠县"]\n', 3, "not TOML: Cannot declare"),
        ('id = "a"\n\nname = "b', 3, "not TOML"),
        ("\n[counties.渠县]\n", 2, "not TOML"),
        ("a = " + "[" * 100_000, 1, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_mistake_in_the_syntax_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    (problem,) = _problems(text)
    assert problem.line == line
    assert problem.where == ""
    assert reason in problem.reason


def test_an_empty_file_lacks_what_has_no_default() -> None:
    problems = _problems("")
    assert {problem.where for problem in problems} == {
        "id", "name", "version", "timezone", "units", "counties", "report",
    }  # fmt: skip
    assert {problem.reason for problem in problems} == {"is missing; add it"}


def test_a_missing_section_is_one_mistake_not_one_for_each_name_in_it() -> None:
    text = _edited(("[units]", "[unit]"))
    assert {problem.where for problem in _problems(text)} == {"units", "unit"}


def test_no_reason_repeats_an_address() -> None:
    text = _edited(("[notify]", '[notify]\n"city/mayor" = ["secret-1", "json://secret-2", "json://secret-2", 3]'))
    with pytest.raises(JurisdictionError) as caught:
        read_jurisdiction(text)
    assert {problem.where for problem in caught.value.problems} == {f"notify.city/mayor[{at}]" for at in (0, 2, 3)}
    assert "secret" not in str(caught.value)


def _refused_or_usable(text: str) -> None:
    """The only two ways it may end: told what is wrong, or fit for any case."""
    problems: tuple[Problem, ...] = ()
    try:
        jurisdiction = read_jurisdiction(text)
    except JurisdictionError as error:
        problems = error.problems
    else:
        for county in (*jurisdiction.counties, "火星县"):
            rules = rules_for(jurisdiction, received_at=datetime(2021, 8, 27, tzinfo=UTC), county=county, categories=[])
            assert (rules.default_unit is None) == (county == "火星县")
        return
    assert problems
    assert all(1 <= problem.line <= text.count("\n") + 1 and problem.reason for problem in problems)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(DAZHOU)), st.integers(0, 60), st.text("\"'[]{}=.,#\n aé1-\x00", max_size=4))
def test_a_damaged_text_is_refused_or_usable(at: int, removed: int, put: str) -> None:
    _refused_or_usable(DAZHOU[:at] + put + DAZHOU[at + removed :])


_VALUES = st.one_of(
    st.integers(-5, 400),
    st.booleans(),
    st.floats(allow_nan=False),
    st.sampled_from(["", "all", "city/mayor", "a b", "渠县", "unit/x", "1h", "99999d"]),
    st.dates(),
    st.just([]),
    st.lists(st.sampled_from(["water", "渠县", "city/mayor", "生态环境局"]), max_size=3),
    st.just({}),
    st.dictionaries(st.sampled_from(["title", "day", "通川区", "water", "*", ""]), st.integers(), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_value_put_anywhere_is_refused_or_usable(data: st.DataObject) -> None:
    document = tomllib.loads(DAZHOU)
    for _ in range(data.draw(st.integers(1, 3))):
        here: object = document
        while True:
            if isinstance(here, dict):
                table = cast("dict[str, object]", here)
                key = data.draw(st.sampled_from([*table, "new"]))
                inner = table.get(key)
                if not inner or not isinstance(inner, dict | list) or data.draw(st.booleans()):
                    table[key] = data.draw(_VALUES)
                    break
                here = cast("object", inner)
            else:
                elements = cast("list[object]", here)
                at = data.draw(st.integers(0, len(elements) - 1))
                if not isinstance(elements[at], dict) or not elements[at]:
                    elements[at] = data.draw(_VALUES)
                    break
                here = elements[at]
    _refused_or_usable(tomlkit.dumps(document))
