"""``guatu worker`` and ``guatu api``: the processes that serve, set by the environment alone."""

import asyncio

import typer


def worker() -> None:
    """Work on cases; needs a Temporal server (TEMPORAL_ADDRESS, ...) and Postgres (GUATU_DATABASE_URL)."""
    from guatu.logs import configure_logging
    from guatu.running import run_until_told_to_stop
    from guatu.settings import read_settings
    from guatu.worker_processes import run_worker_processes
    from worker.process import run_worker
    from worker.settings import WorkerSettings

    async def main(stop: asyncio.Event) -> None:
        settings = read_settings(WorkerSettings)
        if settings.worker_processes == 1:
            await run_worker(settings, stop)
        else:
            await run_worker_processes(settings, stop)

    configure_logging()
    run_until_told_to_stop(main)


def api() -> None:
    """Serve the HTTP API and the pages."""
    from api.process import run_api
    from api.settings import ApiSettings
    from guatu.logs import configure_logging
    from guatu.running import run_until_told_to_stop
    from guatu.settings import read_settings

    async def main(stop: asyncio.Event) -> None:
        await run_api(read_settings(ApiSettings), stop)

    configure_logging()
    run_until_told_to_stop(main)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the application."""
    app.command()(worker)
    app.command()(api)
