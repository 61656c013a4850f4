"""Complainants' details on their way in and out: sealed when they come, opened only with a look written down before."""

import re
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import structlog
from pydantic import ValidationError

from petitions.complainant import Complainant
from sealing.ciphers import Box, CipherName
from sealing.envelope import About, DataKey, MasterKeys, WrappedKey
from sealing.errors import SealingError, TamperedError
from sealing.key_file import KeyFile
from sealing.settings import SealingSettings
from store import Store
from store.complainants import Look, LookKind, SealedDetails

_log = structlog.stdlib.get_logger()

_BLOCK = 512
"""Details are filled up to a multiple of so many bytes: how long they are tells who is anonymous."""


class SealingUnavailableError(Exception):
    """Details cannot be sealed or opened here; the text says why and what to do, and nothing of them."""


class Sealed(Enum):
    """What became of details that were to be sealed."""

    NEW = "new"
    SAME = "same"
    """The same details are sealed for the case already."""
    OTHER = "other"
    """Other details are sealed for the case already; they stay."""


@dataclass(frozen=True)
class Rewrapped:
    """What a rotation came to.

    Attributes:
        rewrapped: Cases whose data key was wrapped by another master key, and is wrapped by the active one now.
        current: Cases whose data key is wrapped by the active master key, these included.
        failed: Numbers of the cases whose data key does not open; they are as they were.
    """

    rewrapped: int
    current: int
    failed: tuple[str, ...]


class SealedComplainants:
    """The only way to complainants' details.

    Args:
        store: Where they are kept, sealed.
        key_file: The master keys; none: nothing can be sealed or opened.
        cipher: By which to seal what is new.
    """

    def __init__(self, store: Store, key_file: KeyFile | None, cipher: CipherName = CipherName.AES_256_GCM) -> None:
        self._store = store
        self._key_file = key_file
        self._cipher = cipher

    @classmethod
    def of_settings(cls, store: Store, settings: SealingSettings) -> "SealedComplainants":
        """As the settings say.

        Raises:
            SealingUnavailableError: A master key file is set and cannot be used.
        """
        path = settings.master_key_file
        with _told_with_what_to_do():
            return cls(store, KeyFile(path.expanduser()) if path else None, settings.sealing_cipher)

    def fault(self) -> str | None:
        """Why nothing can be sealed now, and what to do; none: it can."""
        try:
            self._keys().new_data_key(self._cipher, _about(""))
        except SealingError as error:
            return str(error)
        return None

    async def seal(self, case_no: str, complainant: Complainant, request_id: str | None) -> Sealed:
        """Seal a case's details, once: what is sealed for it already stays.

        Args:
            case_no: The case.
            complainant: The details.
            request_id: Of the request by which they came.

        Returns:
            Whether they are new, or the same as those sealed already (spaces, full-width characters and the like
            aside), or others.

        Raises:
            SealingUnavailableError: They cannot be sealed, or what is sealed already does not open.
            StoreError: As its kinds say.
        """
        content = _content(complainant)
        with _told_with_what_to_do():
            data_key = self._keys().new_data_key(self._cipher, _about(case_no))
            tag = data_key.tag(content)
            box = data_key.seal(_filled_up(complainant.model_dump_json().encode()), beside=tag)
        details = SealedDetails(
            case_no=case_no,
            cipher=data_key.wrapped.cipher.value,
            key_id=data_key.wrapped.key_id,
            wrapped_key=data_key.wrapped.wrapped,
            nonce=box.nonce,
            sealed=box.sealed,
            content_tag=tag,
            request_id=request_id,
        )
        kept = await self._store.keep_complainant(details)
        if kept is None:
            return Sealed.NEW
        try:
            known = self._data_key(kept)
        except SealingError as error:
            failed = Look(case_no=case_no, kind=LookKind.FAILED, request_id=request_id, note=str(error))
            await self._store.write_look(failed)
            raise _unavailable(error) from None
        return Sealed.SAME if known.has_tag(content, kept.content_tag) else Sealed.OTHER

    async def look(
        self, case_no: str, *, caller_id: str, office: str, name: str, purpose: str, request_id: str | None
    ) -> Complainant | None:
        """A case's details, for somebody who may see them; the look is on record before they are given.

        Whether the caller may is decided before (``petitions.access``).

        Args:
            case_no: The case.
            caller_id: The caller as it is known to the API.
            office: The caller's office.
            name: The person who looks.
            purpose: What for.
            request_id: Of the request.

        Returns:
            The details; none if the case has none, which is on record as well.

        Raises:
            ValueError: Office, name or purpose is empty.
            SealingUnavailableError: They do not open; that is on record.
            StoreError: The look cannot be written, so nothing is given.
        """
        if not (caller_id.strip() and office.strip() and name.strip() and purpose.strip()):
            raise ValueError("a look needs the caller, the office, the name of who looks and the purpose")
        look = Look(
            case_no=case_no,
            kind=LookKind.LOOK,
            caller_id=caller_id,
            office=office,
            name=name,
            purpose=purpose,
            request_id=request_id,
        )
        found: Complainant | None = None
        failure: SealingError | None = None
        async with self._store.looking_at_complainant(case_no) as looking:
            try:
                found = self._opened(looking.kept) if looking.kept else None
            except SealingError as error:
                failure = error
                await looking.write(look.model_copy(update={"kind": LookKind.FAILED, "note": str(error)}))
            else:
                await looking.write(look.model_copy(update={"given": found is not None}))
        # Only here the look is on record.
        if failure is not None:
            _log.error("a complainant's details do not open", case_no=case_no, error=str(failure))
            raise _unavailable(failure)
        return found

    async def rewrap_all(self) -> Rewrapped:
        """Wrap every data key by the active master key; what is sealed stays as it is.

        Interrupted, it goes on from there when it is called again. Details whose key does not open are passed over,
        each time with an event.

        Raises:
            SealingUnavailableError: There is no master key file, or it cannot be used.
            StoreError: As its kinds say.
        """
        with _told_with_what_to_do():
            keys = self._keys()
        rewrapped, failed, after = 0, list[str](), ""
        while page := await self._store.wrapped_otherwise(keys.active, after):
            for details in page:
                after = details.case_no
                try:
                    wrapped = keys.rewrap(_wrapped(details), _about(details.case_no))
                except SealingError as error:
                    failed.append(details.case_no)
                    note = Look(case_no=details.case_no, kind=LookKind.FAILED, note=str(error))
                    await self._store.write_look(note)
                else:
                    rewrapped += await self._store.rewrap_complainant(details, wrapped.key_id, wrapped.wrapped)
        return Rewrapped(rewrapped, await self._store.wrapped_by(keys.active), tuple(failed))

    def _keys(self) -> MasterKeys:
        if self._key_file is None:
            raise SealingError(
                "no master key file is configured: make one with guatu master-key new and name it in "
                "GUATU_MASTER_KEY_FILE"
            )
        return self._key_file.keys()

    def _data_key(self, details: SealedDetails) -> DataKey:
        return self._keys().unwrap(_wrapped(details), _about(details.case_no))

    def _opened(self, details: SealedDetails) -> Complainant:
        box = Box(details.nonce, details.sealed)
        plain = self._data_key(details).open(box, beside=details.content_tag)
        try:
            return Complainant.model_validate_json(plain)
        except ValidationError:
            # Sealed by us and yet no complainant to us.
            raise SealingError("what is sealed was made by another version of guatu: open it by that one") from None


@contextmanager
def _told_with_what_to_do() -> Generator[None]:
    try:
        yield
    except SealingError as error:
        raise _unavailable(error) from None


def _unavailable(error: SealingError) -> SealingUnavailableError:
    return SealingUnavailableError(str(error))


def _about(case_no: str) -> About:
    return "complainant", case_no


def _wrapped(details: SealedDetails) -> WrappedKey:
    try:
        cipher = CipherName(details.cipher)
    except ValueError:
        raise TamperedError(details.key_id) from None
    return WrappedKey(cipher, details.key_id, details.wrapped_key)


def _filled_up(text: bytes) -> bytes:
    """JSON may end with spaces."""
    return text + b" " * (-len(text) % _BLOCK)


def _content(complainant: Complainant) -> bytes:
    """The details such that the same ones sent again, in another way of writing, are the same bytes."""
    alike = complainant.model_copy(
        update={
            "name": _alike(complainant.name),
            "telephone": re.sub(r"[\s()-]", "", _alike(complainant.telephone) or "") or None,
            "address": _alike(complainant.address),
        }
    )
    return alike.model_dump_json().encode()


def _alike(text: str | None) -> str | None:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold() if text else None
