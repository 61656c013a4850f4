"""The domain: what an environmental petition case is and every rule of its procedure.

Pure: nothing here reads a clock, a file, a network, Temporal or Postgres. Every rule is a function of
(case, fact, now) and stands here once.
"""
