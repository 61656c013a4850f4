-- entries: the whole record of a case
SELECT seq, prev_hash, hash, entry::text AS entry FROM case_event WHERE case_no = :case_no ORDER BY seq;

-- reports: the handling reports of a case, in the order of their submission
SELECT key, encode(sha256, 'hex') AS sha256, title, text, submitted_at
FROM handling_report
WHERE case_no = :case_no
ORDER BY submitted_at, key;

-- notices: the notices of a case in the order in which they arose; not why one failed: addresses may stand there
SELECT key, to_office, title, body, urgent, state, attempts, created_at, sent_at
FROM notice
WHERE case_no = :case_no
ORDER BY created_at, key;
