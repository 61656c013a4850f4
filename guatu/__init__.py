"""The ``guatu`` command, its settings, the embedded stack and the demonstration."""
