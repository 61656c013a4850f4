"""Search attributes are registered before the worker starts: one that is missing stalls every case silently.

Where a worker may not use the operator's service (Temporal Cloud; a server with an authorizer), its administrator
registers them, and it is asked by queries whether they are there.
"""

import asyncio

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.console import SEARCH_ATTRIBUTES

_NOT_OURS = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}
"""With what a server answers whose operator's service is not for workers."""


class SearchAttributesMissingError(RuntimeError):
    """The server lacks search attributes and they cannot be registered; the text says what to do."""


async def ensure_search_attributes(client: Client, *, patience_seconds: float = 15) -> list[str]:
    """Register what is missing and wait until the server knows it.

    Returns:
        the names that were registered now.

    Raises:
        SearchAttributesMissingError: one exists with another type, registering is not allowed, the server does
            not show them in time, or there is no such namespace.
    """
    wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in SEARCH_ATTRIBUTES}
    try:
        known = await _known(client)
    except RPCError as error:
        if error.status not in _NOT_OURS:
            raise
        await require_search_attributes(client)
        return []
    _refuse_other_types(wanted, known)
    missing = {name: kind for name, kind in wanted.items() if name not in known}
    if not missing:
        return []
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise SearchAttributesMissingError(
                f"the search attributes {', '.join(missing)} are missing in the namespace {client.namespace!r} and "
                f"cannot be registered ({error.message}); register them as its administrator, then start again"
            ) from None
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while not wanted.keys() <= (known := await _known(client)).keys():
        if asyncio.get_running_loop().time() > deadline:
            raise SearchAttributesMissingError(
                f"the server does not show the search attributes {', '.join(wanted.keys() - known.keys())} "
                f"{patience_seconds:g} seconds after they were registered; start again, or look at the server's log"
            )
        await asyncio.sleep(0.2)
    _refuse_other_types(wanted, known)
    return sorted(missing)


async def require_search_attributes(client: Client) -> None:
    """Make sure that all are there, by what any client may do: nobody can search by one that is not.

    Raises:
        SearchAttributesMissingError: some are missing; the text names them with their types.
    """
    missing = [key for key in SEARCH_ATTRIBUTES if not await _can_be_searched(client, key.name)]
    if missing:
        told = ", ".join(
            f"{key.name}={_type_name(IndexedValueType.ValueType(key.indexed_value_type))}" for key in missing
        )
        raise SearchAttributesMissingError(
            f"search attributes are missing in the namespace {client.namespace!r}, and this worker may not register "
            f"them: have its administrator add {told}, then start again"
        )


async def _can_be_searched(client: Client, name: str) -> bool:
    try:
        await client.count_workflows(f"{name} IS NULL")
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            return False
        raise
    return True


async def _known(client: Client) -> dict[str, "IndexedValueType.ValueType"]:
    try:
        answer = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise SearchAttributesMissingError(
            f"the Temporal server has no namespace {client.namespace!r}: create it, or set TEMPORAL_NAMESPACE"
        ) from None
    return dict(answer.custom_attributes)


def _refuse_other_types(
    wanted: dict[str, "IndexedValueType.ValueType"], known: dict[str, "IndexedValueType.ValueType"]
) -> None:
    others = [name for name, kind in wanted.items() if name in known and known[name] != kind]
    if others:
        said = ", ".join(
            f"{name} is {_type_name(known[name])} but must be {_type_name(wanted[name])}" for name in others
        )
        raise SearchAttributesMissingError(
            f"search attributes of another type stand in the way: {said}; have them removed or renamed, or set "
            f"TEMPORAL_NAMESPACE to a namespace of guatu's own"
        )


def _type_name(kind: "IndexedValueType.ValueType") -> str:
    """A type as the Temporal CLI writes it, such as ``KeywordList``."""
    return IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").title().replace("_", "")
