"""The names by which workflows are started and found, and the queues on which they are worked on."""

WORKFLOW_TYPE = "PetitionCase"
TASK_QUEUE = "petition-cases"
"""Of the cases: part of the outward contract."""

HOUSE_QUEUE = "guatu-house"
"""Of what the house does by the clock: no flood of cases holds it up, and no older worker is given what it lacks."""
