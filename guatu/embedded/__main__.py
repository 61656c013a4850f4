"""``python -m guatu.embedded``: find or make the Temporal CLI and print its path."""

import asyncio
import sys

from guatu.embedded.errors import EmbeddedStackError
from guatu.embedded.temporal_binary import find_or_build_temporal


def main() -> None:
    """Print the path on standard output, what takes long on standard error; exit 1 with one sentence on failure."""
    try:
        path = asyncio.run(find_or_build_temporal(lambda line: print(f"guatu: {line}", file=sys.stderr, flush=True)))  # noqa: T201 - a command
    except EmbeddedStackError as error:
        sys.exit(f"guatu: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    print(path)  # noqa: T201 - a command


if __name__ == "__main__":
    main()
