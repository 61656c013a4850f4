"""A program that holds a stack, for tests that end it: prints its processes and what it found, then waits to be ended.

Arguments: the data directory, and what to do: ``wait``, or ``raise`` as soon as the stack is up.
"""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg
import psutil

from guatu.embedded import EmbeddedSettings, EmbeddedStack


async def main() -> None:
    settings = EmbeddedSettings(data_dir=Path(sys.argv[1]), temporal_port=0, ui_port=0)
    async with EmbeddedStack(settings, lambda line: None) as stack:
        connection = await asyncpg.connect(stack.database_url)
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (number serial)")
        kept = await connection.fetchval("SELECT count(*) FROM kept")
        await connection.execute("INSERT INTO kept DEFAULT VALUES")
        children = psutil.Process().children(recursive=True)
        sys.stdout.write(json.dumps({"kept": kept, "started": [process.pid for process in children]}) + "\n")
        sys.stdout.flush()
        if sys.argv[2] == "raise":
            raise RuntimeError("as asked")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
