-- Into which case one was merged stands in the entry of the record that closed it; a merged case is never reopened, so
-- there is one.

-- candidates: cases that a hand-over may repeat, and who answers those that were merged; withdrawn ones are left out
WITH RECURSIVE near AS MATERIALIZED (
    SELECT
        case_no, received_at, county, left(location, :place_length) AS location, left(summary, :text_length) AS summary,
        categories, stage, outcome
    FROM petition_case
    WHERE case_no <> :case_no
        AND received_at BETWEEN :since AND :until
        AND string_to_array(county, '、') && :regions::text[]
        AND outcome IS DISTINCT FROM 'withdrawn'
    -- Of too many those that name the place, then the nearest in time.
    ORDER BY
        EXISTS (
            SELECT FROM unnest(:marks::text[]) AS mark
            WHERE strpos(left(location, :place_length) || left(summary, :text_length), mark) > 0
        ) DESC,
        abs(extract(epoch FROM received_at - :received_at::timestamptz)),
        case_no
    LIMIT :limit
), chain AS (
    SELECT near.case_no AS merged, closed.entry #>> '{happened,into}' AS target, ARRAY[near.case_no] AS path
    FROM near
    JOIN case_event AS closed ON closed.case_no = near.case_no AND closed.outcome = 'merged'
    WHERE near.outcome = 'merged'
    UNION ALL
    SELECT chain.merged, closed.entry #>> '{happened,into}', chain.path || next.case_no
    FROM chain
    JOIN petition_case AS next ON next.case_no = chain.target AND next.outcome = 'merged'
    JOIN case_event AS closed ON closed.case_no = next.case_no AND closed.outcome = 'merged'
    WHERE next.case_no <> ALL (chain.path) AND cardinality(chain.path) < :longest
), answer AS (
    SELECT DISTINCT ON (merged) merged, target FROM chain ORDER BY merged, cardinality(path) DESC
)
SELECT
    near.case_no, near.received_at, near.county, near.location, near.summary, near.categories,
    answer.target AS answered_by,
    CASE WHEN near.outcome = 'merged' THEN answering.stage ELSE near.stage END AS stage
FROM near
LEFT JOIN answer ON answer.merged = near.case_no
LEFT JOIN petition_case AS answering ON answering.case_no = answer.target
-- What was withdrawn answers nothing, and so does a ring.
WHERE answering.outcome IS NULL OR answering.outcome = 'concluded'
ORDER BY near.received_at, near.case_no;

-- answer: the case that answers a merged one, over however many it was merged
WITH RECURSIVE chain AS (
    SELECT closed.entry #>> '{happened,into}' AS target, ARRAY[asked.case_no] AS path
    FROM petition_case AS asked
    JOIN case_event AS closed ON closed.case_no = asked.case_no AND closed.outcome = 'merged'
    WHERE asked.case_no = :case_no AND asked.outcome = 'merged'
    UNION ALL
    SELECT closed.entry #>> '{happened,into}', chain.path || next.case_no
    FROM chain
    JOIN petition_case AS next ON next.case_no = chain.target AND next.outcome = 'merged'
    JOIN case_event AS closed ON closed.case_no = next.case_no AND closed.outcome = 'merged'
    WHERE next.case_no <> ALL (chain.path) AND cardinality(chain.path) < :longest
)
SELECT
    last.target AS case_no, last.path[2:] AS through, answering.stage, answering.outcome, answering.county,
    answering.units, CASE WHEN answering.outcome = 'concluded' THEN answering.closed_at END AS concluded_at
FROM (SELECT target, path FROM chain ORDER BY cardinality(path) DESC LIMIT 1) AS last
LEFT JOIN petition_case AS answering ON answering.case_no = last.target;

-- merged: the cases in sight that were merged, and which case answers each; of one answering case, or of all
WITH RECURSIVE link AS MATERIALIZED (
    SELECT latest.case_no, closed.entry #>> '{happened,into}' AS target
    FROM (
        SELECT case_no FROM petition_case WHERE outcome = 'merged' ORDER BY closed_at DESC, case_no DESC LIMIT :limit
    ) AS latest
    JOIN case_event AS closed ON closed.case_no = latest.case_no AND closed.outcome = 'merged'
), chain AS (
    SELECT case_no, target, ARRAY[case_no] AS path FROM link
    UNION ALL
    SELECT chain.case_no, link.target, chain.path || link.case_no
    FROM chain
    JOIN link ON link.case_no = chain.target
    WHERE link.case_no <> ALL (chain.path) AND cardinality(chain.path) < :longest
), answer AS (
    SELECT DISTINCT ON (case_no) case_no, target, path FROM chain ORDER BY case_no, cardinality(path) DESC
)
SELECT
    merged.case_no, path[2:] AS through,
    -- In a ring nobody answers.
    CASE WHEN target <> ALL (path) THEN target END AS answered_by,
    answering.stage AS answer_stage,
    merged.received_at, merged.closed_at AS merged_at, merged.county, merged.location, merged.channel, merged.starred
FROM answer
JOIN petition_case AS merged USING (case_no)
LEFT JOIN petition_case AS answering ON answering.case_no = target AND target <> ALL (path)
WHERE (:answered_by::text IS NULL OR (target = :answered_by AND target <> ALL (path)))
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(merged.county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (merged.units))
ORDER BY merged.received_at, merged.case_no;
