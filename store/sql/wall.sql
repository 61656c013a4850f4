-- open: a screenful of the open cases that pass the filters, those due first at the front
SELECT case_no, state::text AS state
FROM petition_case
WHERE closed_at IS NULL
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    AND (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
    AND (:category::text IS NULL OR :category = ANY (categories))
    AND (:unit::text IS NULL OR responsible_unit = :unit)
    AND (:starred::boolean IS NULL OR starred = :starred)
    AND (:overdue::boolean IS NULL OR overdue = :overdue)
    AND (:sticker::text IS NULL OR sticker = :sticker)
    AND (:missing::text IS NULL OR NOT CASE :missing
        WHEN 'instruction' THEN has_instruction
        WHEN 'supervision' THEN has_supervision
        WHEN 'task_force' THEN has_task_force
        ELSE has_revisit
    END)
ORDER BY due_at, starred DESC, received_at, case_no
OFFSET :offset
LIMIT :limit;

-- count: how many open cases pass the filters, and what the summary line says of all in sight
SELECT
    count(*) FILTER (WHERE closed_at IS NULL
        AND (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
        AND (:category::text IS NULL OR :category = ANY (categories))
        AND (:unit::text IS NULL OR responsible_unit = :unit)
        AND (:starred::boolean IS NULL OR starred = :starred)
        AND (:overdue::boolean IS NULL OR overdue = :overdue)
        AND (:sticker::text IS NULL OR sticker = :sticker)
        AND (:missing::text IS NULL OR NOT CASE :missing
            WHEN 'instruction' THEN has_instruction
            WHEN 'supervision' THEN has_supervision
            WHEN 'task_force' THEN has_task_force
            ELSE has_revisit
        END)
    ) AS matching,
    count(*) AS received,
    count(*) FILTER (WHERE outcome = 'concluded') AS concluded,
    count(*) FILTER (WHERE outcome = 'concluded' AND within_mandate) AS on_time,
    count(*) FILTER (WHERE starred) AS starred,
    count(*) FILTER (WHERE closed_at IS NULL) AS open,
    count(*) FILTER (WHERE closed_at IS NULL AND overdue) AS overdue
FROM petition_case
WHERE (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units));

-- open_at: the cases in sight that were open at a moment, or open again; the eldest hand-over first
SELECT case_no, max(county) AS county, max(received_at) AS received_at
FROM case_event
WHERE (received_at IS NOT NULL OR starred IS NOT NULL OR outcome IS NOT NULL)
    AND at <= :at::timestamptz
    -- Only who sees a case is asked of the read model: as it stands now.
    AND (:everything::boolean OR case_no IN (
        SELECT seen.case_no
        FROM petition_case AS seen
        WHERE (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(seen.county, '、')))
            AND (:sight_unit::text IS NULL OR :sight_unit = ANY (seen.units))
    ))
GROUP BY case_no
HAVING coalesce(max(seq) FILTER (WHERE outcome <> 'reopened'), 0)
    <= coalesce(max(seq) FILTER (WHERE outcome = 'reopened'), 0)
ORDER BY received_at, case_no;

-- entries_until: the records of these cases up to a moment
SELECT entry::text AS entry
FROM case_event
WHERE case_no = ANY (:case_nos::text[]) AND at <= :at::timestamptz
ORDER BY case_no, seq;
