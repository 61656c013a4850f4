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

-- other_tails: cases whose record does not end with the entry that the read model knows as the last, all of one moment
SELECT
    case_no, standing.seq AS known_seq, tip.seq AS last_seq, (
        SELECT entry.hash = standing.hash
        FROM case_event entry
        WHERE entry.case_no = standing.case_no AND entry.seq = standing.seq
    ) AS as_known
FROM petition_case standing
FULL JOIN (
    SELECT DISTINCT ON (case_no) case_no, seq, hash FROM case_event ORDER BY case_no, seq DESC
) tip USING (case_no)
WHERE standing.seq IS DISTINCT FROM tip.seq OR standing.hash IS DISTINCT FROM tip.hash
ORDER BY case_no;

-- reports_page: the handling reports, page by page
SELECT case_no, key, sha256, text
FROM handling_report
WHERE (case_no, key) > (:case_no::text COLLATE "C", :key::text)
ORDER BY case_no, key
LIMIT :limit;

-- submissions_page: the entries that say that a report was submitted, and whether it is kept, page by page
SELECT
    said.case_no, said.seq, EXISTS (
        SELECT FROM handling_report kept
        WHERE kept.case_no = said.case_no AND encode(kept.sha256, 'hex') =
            -- A NUL in any text of the entry would stop the reading of all of it.
            replace(said.entry::text, '\u0000', '\ufffd')::json #>> '{happened,sha256}'
    ) AS kept
FROM case_event said
WHERE said.event = 'report_submitted'
    AND (said.case_no, said.seq) > (:case_no::text COLLATE "C", :seq::integer)
ORDER BY said.case_no, said.seq
LIMIT :limit;

-- open_numbers: the cases that are open by the read model
SELECT case_no FROM petition_case WHERE closed_at IS NULL ORDER BY case_no;
