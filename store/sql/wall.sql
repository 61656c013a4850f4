-- open: which open cases pass the filters, a screenful of them, those due first at the front
SELECT chosen.case_no, petition_case.revision, petition_case.hash
FROM (
    -- Chosen and put in order from the index; only what is shown is looked up.
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

-- states: these cases as they stand
SELECT case_no, revision, hash, state::text AS state FROM petition_case WHERE case_no = ANY (:case_nos::text[]);

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

-- standing: the numbers of all cases in sight as they stood at a moment, and which of them were open
WITH settled AS (
    -- What was closed by then and is so still stands in the read model as it stood.
    SELECT
        count(*) AS received,
        count(*) FILTER (WHERE outcome = 'concluded') AS concluded,
        count(*) FILTER (WHERE outcome = 'concluded' AND within_mandate) AS on_time,
        count(*) FILTER (WHERE starred) AS starred
    FROM petition_case
    WHERE closed_at <= :at::timestamptz
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
), seen AS MATERIALIZED (
    -- All others that were received by then. Most stand as they were handed over: open, and with the same star.
    SELECT
        case_no, county, received_at, opened_at, starred,
        round = 1 AND case_no NOT IN (
            SELECT turned.case_no FROM case_event AS turned WHERE turned.starred IS NOT NULL AND turned.seq > 1
        ) AS as_handed_over
    FROM petition_case
    WHERE closed_at IS NULL
        AND received_at <= :at
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    UNION ALL
    -- Two questions, each of an index of its own; as one the planner reads every row.
    SELECT case_no, county, received_at, opened_at, starred, false
    FROM petition_case
    WHERE closed_at > :at
        AND received_at <= :at
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
), told AS (
    -- Of the rest the record tells.
    SELECT
        seen.case_no, seen.county, seen.received_at,
        -- The star of the hand-over holds from the start, however late it was taken in.
        max(event.seq) FILTER (WHERE event.starred AND (event.seq = 1 OR event.at <= :at)) AS star_on,
        max(event.seq) FILTER (WHERE NOT event.starred AND (event.seq = 1 OR event.at <= :at)) AS star_off,
        max(event.seq) FILTER (WHERE event.outcome = 'concluded' AND event.at <= :at) AS concluded,
        max(event.seq) FILTER (WHERE event.outcome IN ('merged', 'withdrawn') AND event.at <= :at) AS elsewhere,
        max(event.seq) FILTER (WHERE event.outcome = 'reopened' AND event.at <= :at) AS reopened,
        bool_or(event.at <= :at) AS known
    FROM seen
    JOIN case_event AS event ON event.case_no = seen.case_no
        AND (event.received_at IS NOT NULL OR event.starred IS NOT NULL OR event.outcome IS NOT NULL)
    WHERE NOT seen.as_handed_over
    GROUP BY seen.case_no, seen.county, seen.received_at
), stood AS MATERIALIZED (
    SELECT
        case_no, county, received_at, starred,
        NULL::boolean AS concluded_on_time,
        false AS elsewhere,
        opened_at <= :at AS open
    FROM seen
    WHERE as_handed_over
    UNION ALL
    SELECT
        case_no, county, received_at,
        coalesce(star_on, 0) > coalesce(star_off, 0),
        -- Concluded then, and reopened since: how, its record says.
        CASE WHEN concluded > coalesce(reopened, 0) THEN (
            SELECT coalesce((closed.entry #>> '{happened,within_mandate}')::boolean, false)
            FROM case_event AS closed
            WHERE closed.case_no = told.case_no AND closed.seq = told.concluded
        ) END,
        elsewhere IS NOT NULL,
        known AND greatest(concluded, elsewhere, 0) <= coalesce(reopened, 0)
    FROM told
), counted AS (
    SELECT
        count(*) AS received,
        count(concluded_on_time) AS concluded,
        count(*) FILTER (WHERE concluded_on_time) AS on_time,
        count(*) FILTER (WHERE elsewhere) AS elsewhere,
        count(*) FILTER (WHERE starred) AS starred,
        count(*) FILTER (WHERE open) AS open
    FROM stood
)
SELECT
    settled.received + counted.received AS received,
    settled.concluded + counted.concluded AS concluded,
    settled.on_time + counted.on_time AS on_time,
    settled.received - settled.concluded + counted.elsewhere AS elsewhere,
    settled.starred + counted.starred AS starred,
    counted.open,
    ARRAY(
        SELECT case_no
        FROM stood
        WHERE open AND (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
        ORDER BY received_at, case_no
    ) AS open_cases
FROM settled, counted;

-- entries_until: the records of these cases up to a moment
SELECT case_no, seq, hash, entry::text AS entry
FROM case_event
WHERE case_no = ANY (:case_nos::text[]) AND at <= :at::timestamptz
ORDER BY case_no, seq;
