-- listed: the open cases that pass the filters as a list has them, those due first at the front
SELECT
    case_no, starred, county, responsible_unit, location, summary, categories, stage, sticker, round, received_at, due_at,
    overdue OR coalesce(due_at < :now::timestamptz, false) AS overdue,
    has_instruction, has_supervision, has_task_force, has_revisit
FROM petition_case
WHERE closed_at IS NULL
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    AND (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
    AND (:category::text IS NULL OR :category = ANY (categories))
    AND (:unit::text IS NULL OR responsible_unit = :unit)
    AND (:starred::boolean IS NULL OR starred = :starred)
    -- What is past its time is overdue also while nobody has recorded it yet.
    AND (:overdue::boolean IS NULL OR (overdue OR coalesce(due_at < :now, false)) = :overdue)
    AND (:sticker::text IS NULL OR sticker = :sticker)
    AND (:missing::text IS NULL OR NOT CASE :missing
        WHEN 'instruction' THEN has_instruction
        WHEN 'supervision' THEN has_supervision
        WHEN 'task_force' THEN has_task_force
        ELSE has_revisit
    END)
ORDER BY due_at, petition_case.starred DESC, received_at, case_no
LIMIT :limit;

-- first: of these cases the hash of the first entry, the hand-over and the last reopening
SELECT
    first.case_no, first.hash, first.received_at,
    (
        SELECT max(reopened.at)
        FROM case_event AS reopened
        WHERE reopened.case_no = first.case_no AND reopened.outcome = 'reopened'
    ) AS reopened_at
FROM case_event AS first
WHERE first.seq = 1 AND first.case_no = ANY (:case_nos::text[]);

-- durations: the time limits by which these cases go, and which of them by which
SELECT entry #>> '{happened,rules,durations}' AS durations, array_agg(case_no) AS case_nos
FROM case_event
WHERE seq = 1 AND case_no = ANY (:case_nos::text[])
GROUP BY 1;
