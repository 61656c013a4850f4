-- case_view: one case as the contract shows it
SELECT view FROM petition_case WHERE case_no = :case_no;

-- whereabouts: to whom a case belongs
SELECT county, units FROM petition_case WHERE case_no = :case_no;

-- timeline: what happened to a case, from an entry on; refusals only if asked for
SELECT seq, at, event, by_office, by_name, line
FROM case_event
WHERE case_no = :case_no AND seq > :after AND (:with_refusals::boolean OR event <> 'refused')
ORDER BY seq
LIMIT :limit;

-- cases: a page of cases, the latest hand-over first; a filter that is null lets everything through
SELECT
    case_no, stage, sticker, starred, overdue, county, responsible_unit, round, received_at, due_at, closed_at,
    outcome, within_target, within_mandate, categories, channel, batch, location, summary, has_instruction,
    has_supervision, has_task_force, has_revisit, breaches, seq,
    (
        SELECT coalesce(
            json_agg(json_build_object('office', office, 'what', what, 'due_at', waiting.due_at)
                     ORDER BY waiting.due_at, office, what),
            '[]'
        )
        FROM waiting
        WHERE waiting.case_no = petition_case.case_no
    ) AS waiting_for
FROM petition_case
WHERE (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
    AND (:stage::text IS NULL OR stage = :stage)
    AND (:sticker::text IS NULL OR sticker = :sticker)
    AND (:starred::boolean IS NULL OR starred = :starred)
    AND (:overdue::boolean IS NULL OR overdue = :overdue)
    AND (:closed::boolean IS NULL OR (closed_at IS NOT NULL) = :closed)
    AND (:unit::text IS NULL OR responsible_unit = :unit)
    AND (:category::text IS NULL OR :category = ANY (categories))
    AND (:waiting_for::text IS NULL OR EXISTS (
        SELECT FROM waiting WHERE waiting.case_no = petition_case.case_no AND waiting.office = :waiting_for
    ))
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    AND (:before_received_at::timestamptz IS NULL
         OR (received_at, case_no) < (:before_received_at, :before_case_no::text COLLATE "C"))
ORDER BY received_at DESC, case_no DESC
LIMIT :limit;

-- work_list: what an office must do, the most pressing first
SELECT
    waiting.case_no, waiting.what, waiting.due_at, stage, sticker, starred, overdue, county, responsible_unit, round,
    received_at, petition_case.due_at AS case_due_at, location, summary
FROM waiting
JOIN petition_case USING (case_no)
WHERE waiting.office = :office
ORDER BY waiting.due_at, waiting.case_no, waiting.what
LIMIT :limit;

-- case_facts: what the figures need of every case in sight as the record stood at a moment, from the record alone
SELECT
    case_no,
    max(county) AS county,
    max(received_at) AS received_at,
    -- The star of the hand-over holds from the start, however late it was taken in.
    (array_agg(starred ORDER BY seq DESC) FILTER (WHERE starred IS NOT NULL AND (seq = 1 OR at <= :at)))[1] AS starred,
    -- The last that was said of its end by then: a reopened case is not concluded.
    (array_agg(CASE WHEN outcome = 'concluded' THEN at END ORDER BY seq DESC)
        FILTER (WHERE outcome IS NOT NULL AND at <= :at))[1] AS concluded_at
FROM case_event
WHERE (received_at IS NOT NULL OR starred IS NOT NULL OR outcome IS NOT NULL)
    -- Only who sees a case is asked of the read model: as it stands now.
    AND (:everything::boolean OR case_no IN (
        SELECT seen.case_no
        FROM petition_case AS seen
        WHERE (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(seen.county, '、')))
            AND (:sight_unit::text IS NULL OR :sight_unit = ANY (seen.units))
    ))
GROUP BY case_no
HAVING max(received_at) <= :at::timestamptz;

-- hand_over_facts: what bulletins need of every case handed over before a moment, from the record alone
SELECT
    first.case_no, first.received_at, first.county, first.starred,
    coalesce(later.starred, first.starred) AS starred_until_ten,
    (first.given ->> 'batch')::bigint AS batch,
    first.given ->> 'channel' AS channel,
    ARRAY(SELECT json_array_elements_text(first.given -> 'categories')) AS categories
FROM (
    -- OFFSET 0: an entry is long, and is taken apart once.
    SELECT case_no, received_at, county, starred, entry #> '{happened,hand_over}' AS given
    FROM case_event
    WHERE seq = 1 AND received_at < :before
    OFFSET 0
) AS first
LEFT JOIN LATERAL (
    SELECT change.starred
    FROM case_event AS change
    WHERE change.case_no = first.case_no AND change.seq > 1 AND change.starred IS NOT NULL AND change.at <= :star_at
    ORDER BY change.seq DESC
    LIMIT 1
) AS later ON true;
