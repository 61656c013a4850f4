"""``python -m guatu``: the command, where it is not on PATH."""

from guatu.command import main

if __name__ == "__main__":
    main()
