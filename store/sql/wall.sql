-- open: a screenful of the open cases that pass the filters, those due first at the front
SELECT chosen.case_no, petition_case.state::text AS state
FROM (
    -- The states are long: only those that are shown are read.
    SELECT case_no, due_at, starred, received_at
    FROM petition_case
    WHERE closed_at IS NULL
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
        AND (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
        AND (:category::text IS NULL OR :category = ANY (categories))
        AND (:unit::text IS NULL OR responsible_unit = :unit)
        AND (:starred::boolean IS NULL OR starred = :starred)
        -- What is past its time is overdue also while nobody has recorded it yet.
        AND (:overdue::boolean IS NULL OR (overdue OR coalesce(due_at < :now::timestamptz, false)) = :overdue)
        AND (:sticker::text IS NULL OR sticker = :sticker)
        AND (:missing::text IS NULL OR NOT CASE :missing
            WHEN 'instruction' THEN has_instruction
            WHEN 'supervision' THEN has_supervision
            WHEN 'task_force' THEN has_task_force
            ELSE has_revisit
        END)
    ORDER BY due_at, starred DESC, received_at, case_no
    OFFSET :offset
    LIMIT :limit
) AS chosen
JOIN petition_case USING (case_no)
ORDER BY chosen.due_at, chosen.starred DESC, chosen.received_at, chosen.case_no;

-- matching: how many open cases pass the filters
SELECT count(*)
FROM petition_case
WHERE closed_at IS NULL
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    AND (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
    AND (:category::text IS NULL OR :category = ANY (categories))
    AND (:unit::text IS NULL OR responsible_unit = :unit)
    AND (:starred::boolean IS NULL OR starred = :starred)
    -- What is past its time is overdue also while nobody has recorded it yet.
    AND (:overdue::boolean IS NULL OR (overdue OR coalesce(due_at < :now::timestamptz, false)) = :overdue)
    AND (:sticker::text IS NULL OR sticker = :sticker)
    AND (:missing::text IS NULL OR NOT CASE :missing
        WHEN 'instruction' THEN has_instruction
        WHEN 'supervision' THEN has_supervision
        WHEN 'task_force' THEN has_task_force
        ELSE has_revisit
    END);

-- due_between: open cases in sight that are due between two moments, those due first at the front
SELECT case_no, state::text AS state
FROM petition_case
WHERE closed_at IS NULL
    AND due_at >= :since::timestamptz AND due_at < :until::timestamptz
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
ORDER BY due_at, starred DESC, received_at, case_no
LIMIT :limit;

-- standing: the numbers of all cases in sight as they stood at a moment, and which of them were open
WITH told AS (
    SELECT
        case_no,
        max(county) AS county,
        max(received_at) AS received_at,
        -- The star of the hand-over holds from the start, however late it was taken in.
        max(seq) FILTER (WHERE starred AND (seq = 1 OR at <= :at::timestamptz)) AS star_on,
        max(seq) FILTER (WHERE NOT starred AND (seq = 1 OR at <= :at)) AS star_off,
        max(seq) FILTER (WHERE outcome = 'concluded' AND at <= :at) AS concluded,
        max(seq) FILTER (WHERE outcome IN ('merged', 'withdrawn') AND at <= :at) AS elsewhere,
        max(seq) FILTER (WHERE outcome = 'reopened' AND at <= :at) AS reopened,
        bool_or(at <= :at) AS known
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
    HAVING max(received_at) <= :at
), stood AS MATERIALIZED (
    SELECT
        case_no, county, received_at,
        coalesce(star_on, 0) > coalesce(star_off, 0) AS starred,
        CASE WHEN concluded > coalesce(reopened, 0) THEN concluded END AS concluded,
        elsewhere IS NOT NULL AS elsewhere,
        known AND greatest(concluded, elsewhere, 0) <= coalesce(reopened, 0) AS open
    FROM told
)
SELECT
    count(*) AS received,
    count(stood.concluded) AS concluded,
    count(*) FILTER (WHERE CASE
        WHEN stood.concluded IS NULL THEN false
        WHEN now.closed_at <= :at THEN now.within_mandate
        -- Reopened since: how it was concluded then, its record says.
        ELSE (
            SELECT (closed.entry #>> '{happened,within_mandate}')::boolean
            FROM case_event AS closed
            WHERE closed.case_no = stood.case_no AND closed.seq = stood.concluded
        )
    END) AS on_time,
    count(*) FILTER (WHERE elsewhere) AS elsewhere,
    count(*) FILTER (WHERE stood.starred) AS starred,
    count(*) FILTER (WHERE open) AS open,
    coalesce(array_agg(stood.case_no ORDER BY stood.received_at, stood.case_no) FILTER (
        WHERE open AND (:county::text IS NULL OR :county = ANY (string_to_array(stood.county, '、')))
    ), '{}') AS open_cases
FROM stood
LEFT JOIN petition_case AS now ON now.case_no = stood.case_no AND stood.concluded IS NOT NULL;

-- entries_until: the records of these cases up to a moment
SELECT entry::text AS entry
FROM case_event
WHERE case_no = ANY (:case_nos::text[]) AND at <= :at::timestamptz
ORDER BY case_no, seq;
