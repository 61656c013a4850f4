-- The wall in its own order, its filters and its counts from the index alone: without it a filtered screenful reads
-- every open case's row, which carries the whole case beside what the filter asks.
DROP INDEX petition_case_open;
CREATE INDEX petition_case_open ON petition_case (due_at, starred DESC, received_at, case_no)
    INCLUDE (
        county, responsible_unit, units, categories, sticker, overdue, has_instruction, has_supervision, has_task_force,
        has_revisit, round, opened_at
    ) WHERE closed_at IS NULL;

-- The closed cases counted up to any moment, for whoever sees all: a sixth of petition_case_closed, which the counts
-- of one county or unit go on using.
CREATE INDEX petition_case_settled ON petition_case (closed_at) INCLUDE (outcome, within_mandate, starred)
    WHERE closed_at IS NOT NULL;

-- Both answer by themselves only for pages that were vacuumed since their last change, and the open cases, a few rows
-- among many, are what changes: by its share of the whole table the vacuum would come far too seldom.
ALTER TABLE petition_case SET (autovacuum_vacuum_scale_factor = 0.01);
