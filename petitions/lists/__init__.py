"""Lists of hand-overs, as other offices keep them in spreadsheets: their headers, their cells, and their mistakes."""
