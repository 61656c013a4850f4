"""What touches the world on a case's behalf: its rules, its record, its notices, its report."""
