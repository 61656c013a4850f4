"""The addresses of the desk; whatever a case number holds is escaped."""

from urllib.parse import quote


def desk_address(case_no: str) -> str:
    """A case's desk page."""
    return f"/desk/cases/{quote(case_no, safe='')}"


def form_target(case_no: str, kind: str) -> str:
    """Where a form is posted to."""
    return f"{desk_address(case_no)}/forms/{kind}"


def form_anchor(kind: str) -> str:
    """A form's place on the case's desk page."""
    return f"form-{kind.replace('_', '-')}"


def form_address(case_no: str, kind: str) -> str:
    """The case's desk page at one form, unfolded."""
    return f"{desk_address(case_no)}?form={kind}#{form_anchor(kind)}"


def sheet_address(case_no: str) -> str:
    """Where the blank sheet for the case's survey answers is."""
    return f"{desk_address(case_no)}/survey-sheet.csv"
