-- submit: keep a handling report under its key, unless one is kept there already
INSERT INTO handling_report (case_no, key, sha256, title, text, report, submitted_at)
VALUES (:case_no, :key, :sha256, :title, :text, :report::text::json, :submitted_at)
ON CONFLICT (case_no, key) DO NOTHING
RETURNING sha256;

-- submitted: the digest of the report that is kept under a key
SELECT sha256 FROM handling_report WHERE case_no = :case_no AND key = :key;

-- latest: the report of a case that was submitted last
SELECT case_no, key, sha256, title, text, report::text AS report, submitted_at
FROM handling_report
WHERE case_no = :case_no
ORDER BY submitted_at DESC, recorded_at DESC
LIMIT 1;

-- refuse_hand_over: a start that could not open a case
INSERT INTO refused_hand_over (workflow_id, run_id, given, reason)
VALUES (:workflow_id, :run_id, :given, :reason)
ON CONFLICT (workflow_id, run_id) DO NOTHING;

-- refused_hand_overs: the latest starts that could not open a case
SELECT workflow_id, run_id, given, reason, recorded_at AS at
FROM refused_hand_over
ORDER BY recorded_at DESC
LIMIT :limit;
