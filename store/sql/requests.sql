-- find: the answer that was given to a caller's key
SELECT fingerprint, status, headers::text AS headers, body
FROM answered_request
WHERE caller = :caller AND key = :key;

-- keep: an answer, once; the first one stays
INSERT INTO answered_request (caller, key, fingerprint, status, headers, body)
VALUES (:caller, :key, :fingerprint, :status, :headers::text::json, :body)
ON CONFLICT (caller, key) DO NOTHING;

-- forget: answers that nobody will ask for any more
DELETE FROM answered_request WHERE answered_at < now() - make_interval(days => :days);
