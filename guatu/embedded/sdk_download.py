"""Have the SDK download the Temporal CLI: ``python -m guatu.embedded.sdk_download DIRECTORY VERSION``.

The SDK downloads the CLI only to start a server, so one is started and stopped again. That is done in a process of its
own under a guardian: the SDK does not stop its server when its program is killed.
"""

import asyncio
import os
import sys

from temporalio.testing import WorkflowEnvironment


async def download(directory: str, version: str) -> None:
    """Download a release of the CLI into a directory, unless it is there.

    Raises:
        RuntimeError: It could not be downloaded, or its server did not start.
    """
    environment = await WorkflowEnvironment.start_local(  # pyright: ignore[reportUnknownMemberType] - the SDK's own
        download_dest_dir=directory, dev_server_download_version=f"v{version}"
    )
    await environment.shutdown()


if __name__ == "__main__":
    status = 0
    try:
        asyncio.run(download(sys.argv[1], sys.argv[2]))
    except RuntimeError as error:
        sys.stderr.write(f"error: {error}\n")
        status = 1
    # The SDK's threads may crash an interpreter that is being taken down (temporalio 1.35.0; see guatu.command).
    os._exit(status)
