"""The production topology without containers: see ``conftest``. Run by ``make test-long``."""
