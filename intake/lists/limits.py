"""How large a list may be; each limit is above what a day's batch of a province needs by far."""

from typing import Final

BYTES: Final = 10 * 1024 * 1024
"""Of the file as it is sent."""
ROWS: Final = 2_000
"""Rows with something in them, without the header and what stands above it."""
COLUMNS: Final = 256
"""Columns, counted up to the last cell with something in it."""
SHEET_ROWS: Final = 10_000
"""Row number of the last cell with something in it: empty rows count here."""
HEADER_WITHIN: Final = 30
"""The header stands in one of so many first rows."""
UNPACKED_BYTES: Final = 32 * 1024 * 1024
"""Of all parts of a workbook that are read, unpacked."""
PARTS: Final = 1_000
"""Files in a workbook."""
CHARACTERS: Final = 16 * 1024 * 1024
"""Of all texts in a workbook, each counted as often as a cell shows it."""
CELLS: Final = ROWS * COLUMNS
"""Cells with something in them in one sheet."""
ELEMENTS: Final = 1_500_000
"""Elements of XML in one part of a workbook."""
MERGES: Final = 5_000
"""Merged ranges in one sheet."""
