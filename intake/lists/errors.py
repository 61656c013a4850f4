"""Why a whole list cannot be taken; nothing of it has been started then.

ListError                   the text is one Chinese sentence for whoever sent it, and repeats no cell of the list
├── UnknownFormError        neither CSV nor XLSX nor JSON Lines
├── ListTooLargeError       more bytes, rows, columns or text than a list may have
├── UnreadableListError     damaged, or not what it says it is: no zip, a broken encoding, quotes without their end
├── HeaderError             no header, or one without the columns that every list needs
└── EmptyListError          there is no row
"""


class ListError(Exception):
    """The list as a whole cannot be taken."""


class UnknownFormError(ListError):
    """It has none of the three forms."""


class ListTooLargeError(ListError):
    """It is larger than a list may be."""


class UnreadableListError(ListError):
    """Its bytes cannot be read as its form."""


class HeaderError(ListError):
    """There is no header, or it lacks columns.

    Attributes:
        understood: Headers that were understood, as the list has them; none: no row is a header at all.
        missing: The usual headers of the columns it lacks.
    """

    def __init__(self, text: str, understood: tuple[str, ...], missing: tuple[str, ...]) -> None:
        super().__init__(text)
        self.understood = understood
        self.missing = missing


class EmptyListError(ListError):
    """There is no row in it."""
