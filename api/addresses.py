"""The addresses that pages link to; whatever a case number holds is escaped."""

from urllib.parse import quote

from api.settings import ApiSettings
from petitions.hand_over import WORKFLOW_ID_PREFIX


def case_address(case_no: str) -> str:
    """The page of a case."""
    return f"/cases/{quote(case_no, safe='')}"


def case_resource(case_no: str) -> str:
    """A case in the HTTP API."""
    return f"/v1/cases/{quote(case_no, safe='')}"


def report_address(case_no: str) -> str:
    """The handling report of a case."""
    return f"{case_address(case_no)}/report"


def workflow_address(settings: ApiSettings, case_no: str) -> str:
    """The case's workflow in the Temporal UI."""
    base = str(settings.temporal_ui_url).rstrip("/")
    namespace = quote(settings.temporal_namespace, safe="")
    return f"{base}/namespaces/{namespace}/workflows/{quote(WORKFLOW_ID_PREFIX + case_no, safe='')}"
