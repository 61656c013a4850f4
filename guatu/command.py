"""The ``guatu`` command. Its sub-commands stand in ``guatu.commands``."""

import atexit
import os
import sys

import typer

from guatu.commands import (
    console,
    deployments,
    embedded,
    intake,
    keys,
    notices,
    operations,
    processes,
    records,
    sealing,
)

_CORE = "temporalio.bridge.temporal_sdk_bridge"

app = typer.Typer(
    help="挂图: a city's handling of environmental petition cases, from hand-over to conclusion.",
    no_args_is_help=True,
    add_completion=False,
    # A fault keeps its plain traceback; what was to be expected is told in one sentence (guatu.running).
    pretty_exceptions_enable=False,
)
for _part in (embedded, processes, records, operations, deployments, console, intake, notices, keys, sealing):
    _part.add_to(app)


def main() -> None:
    """Run the command and end the process with its status.

    The SDK's core has threads that outlive its client. One that lets go of something of Python's while the interpreter
    is being taken down aborts the process (Python 3.11, temporalio 1.35.0), and a command that has done its work would
    fail. So with the core loaded, all that the interpreter would still do is done here, and it is not taken down.
    """
    try:
        app()
    except SystemExit as ended:
        if _CORE not in sys.modules or not isinstance(ended.code, int):
            raise
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage] - nothing public runs them
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code)
