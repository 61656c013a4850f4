-- one: a case as it stands, for folding on or for its page
SELECT case_no, state::text AS state FROM petition_case WHERE case_no = :case_no;

-- open: open cases as they stand, those due first at the front, and how many there are in all
SELECT case_no, state::text AS state, count(*) OVER () AS number
FROM petition_case
WHERE closed_at IS NULL
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
ORDER BY due_at, starred DESC, received_at, case_no
LIMIT :limit;

-- rounds: in which round each of these cases is, and whether it is over
SELECT case_no, round, closed_at IS NOT NULL AS closed FROM petition_case WHERE case_no = ANY (:case_nos::text[]);
