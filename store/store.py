"""All of the store in one object; its parts stand in files of their own by concern."""

from store.api_keys import ApiKeys
from store.attachments import Attachments
from store.audit import Audit
from store.complainants import Complainants
from store.discrepancies import Discrepancies
from store.drafts import Drafts
from store.duplicates import Duplicates
from store.exports import Exports
from store.heads import Heads
from store.notices import NoticeLedger
from store.payload_looks import PayloadLooks
from store.reading import Reading
from store.record import Recording
from store.reports import Reports
from store.requests import Requests
from store.schema import SchemaCheck
from store.sessions import Sessions
from store.standing import StandingReading
from store.states import CaseStates
from store.verification import Verification
from store.wall import WallReading


class Store(
    Recording,
    NoticeLedger,
    Reports,
    Requests,
    Reading,
    CaseStates,
    WallReading,
    Duplicates,
    Complainants,
    PayloadLooks,
    ApiKeys,
    Sessions,
    Drafts,
    Attachments,
    Audit,
    Verification,
    Heads,
    Exports,
    Discrepancies,
    StandingReading,
    SchemaCheck,
):
    """Postgres, the record and the read model.

    Every writing may be repeated: a repeat is recognised and changes nothing. What can go wrong stands in
    ``store.errors``.

    Args:
        pool: From ``open_pool``, on a database that ``migrate`` has prepared.
        on_written: Is told of entries that were written to the record.
    """
