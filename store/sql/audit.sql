-- case_numbers: the next cases that have a record or a row in the read model
(
    SELECT case_no FROM case_event WHERE seq = 1 AND case_no > :after ORDER BY case_no LIMIT :limit
) UNION (
    SELECT case_no FROM petition_case WHERE case_no > :after ORDER BY case_no LIMIT :limit
)
ORDER BY case_no
LIMIT :limit;

-- case_row: a case's row in the read model, with what is waited for
SELECT
    case_no, seq, hash, revision, stage, sticker, starred, overdue, county, responsible_unit, units, round,
    received_at, opened_at, due_at, closed_at, outcome, within_target, within_mandate, categories, channel, batch, location, summary,
    has_instruction, has_supervision, has_task_force, has_revisit, breaches, view::text AS view, state::text AS state,
    ARRAY(
        SELECT (office, what, due_at) FROM waiting WHERE waiting.case_no = petition_case.case_no ORDER BY office, what
    ) AS waiting
FROM petition_case
WHERE case_no = :case_no;

-- drop_row: take a row out of the read model that has no record
DELETE FROM petition_case
WHERE case_no = :case_no AND revision = :revision
    AND NOT EXISTS (SELECT FROM case_event WHERE case_no = :case_no)
RETURNING case_no;

-- record_page: the whole record, page by page
SELECT
    case_no, seq, at, event, by_office, by_name, message_id, received_at, county, starred, outcome,
    entry::text AS entry, line, prev_hash, hash
FROM case_event
WHERE (case_no, seq) > (:case_no::text COLLATE "C", :seq::integer)
ORDER BY case_no, seq
LIMIT :limit;

-- lost_tails: cases whose read model knows an entry that the record has not, or has with another hash
SELECT standing.case_no, standing.seq
FROM petition_case standing
LEFT JOIN case_event entry ON entry.case_no = standing.case_no AND entry.seq = standing.seq
WHERE entry.hash IS DISTINCT FROM standing.hash
ORDER BY standing.case_no;
