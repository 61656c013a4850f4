-- open: open cases by stage and sticker, and how many of them are overdue or lack a coverage
SELECT
    stage,
    sticker,
    count(*) AS cases,
    count(*) FILTER (WHERE overdue) AS overdue,
    count(*) FILTER (
        WHERE NOT (has_instruction AND has_supervision AND has_task_force AND has_revisit)
    ) AS missing_coverage
FROM petition_case
WHERE closed_at IS NULL
GROUP BY stage, sticker;

-- undelivered: notices that have an address and are not out, by state, and since when the oldest of them waits
SELECT state, count(*) AS notices, extract(epoch FROM now() - min(recorded_at))::float8 AS oldest_seconds
FROM notice
WHERE state IN ('queued', 'failed')
GROUP BY state;

-- differing: differences between the record and Temporal that stand, by kind
SELECT kind, count(*) AS cases FROM discrepancy WHERE gone_at IS NULL GROUP BY kind;

-- refused_starts: starts that could open no case
SELECT count(*) AS starts FROM refused_hand_over;
