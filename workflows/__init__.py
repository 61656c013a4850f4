"""The Temporal workflows: one PetitionCase per case."""
