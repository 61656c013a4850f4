"""The ``guatu`` command. Its sub-commands stand in ``guatu.commands``."""

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
    """Run the command."""
    app()
