-- lock: one reconciliation at a time writes down what it has found
SELECT pg_advisory_xact_lock(:key::bigint);

-- keep: what was found: new, or seen again
INSERT INTO discrepancy AS standing (case_no, kind, what)
SELECT found.case_no, found.kind, found.what
FROM unnest(:case_nos::text[], :kinds::text[], :whats::text[]) AS found (case_no, kind, what)
ON CONFLICT (case_no, kind) WHERE gone_at IS NULL DO UPDATE SET seen_at = now(), what = excluded.what
RETURNING id, case_no, kind, what, found_at, seen_at, gone_at, found_at = now() AS is_new;

-- end: what stood, could have been found, and was not
UPDATE discrepancy AS standing SET gone_at = now()
WHERE standing.gone_at IS NULL AND standing.kind = ANY (:looked_for::text[]) AND NOT EXISTS (
    SELECT FROM unnest(:case_nos::text[], :kinds::text[]) AS found (case_no, kind)
    WHERE found.case_no = standing.case_no AND found.kind = standing.kind
)
RETURNING id, case_no, kind, what, found_at, seen_at, gone_at;

-- tell: pages that show these cases, or the wall, are told
SELECT pg_notify(:notify_on::text, case_no) FROM unnest(:case_nos::text[]) AS changed (case_no);

-- standing: what stands, of cases in sight; of one without a record only who sees everything is told
SELECT standing.id, standing.case_no, standing.kind, standing.what, standing.found_at, standing.seen_at, standing.gone_at
FROM discrepancy AS standing
LEFT JOIN petition_case AS seen ON seen.case_no = standing.case_no
WHERE standing.gone_at IS NULL
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(seen.county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (seen.units))
ORDER BY standing.found_at, standing.case_no, standing.id;

-- of_case: all that was ever found of a case, the latest first
SELECT id, case_no, kind, what, found_at, seen_at, gone_at
FROM discrepancy
WHERE case_no = :case_no
ORDER BY id DESC;
