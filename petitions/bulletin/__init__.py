"""The bulletin of a day, as the press prints it: what it counts, what its counts do not add up to, and its text."""
