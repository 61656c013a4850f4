-- keep: a complainant's details, sealed, unless the case has some already
INSERT INTO complainant (case_no, cipher, key_id, wrapped_key, nonce, sealed, content_tag, request_id)
VALUES (:case_no, :cipher, :key_id, :wrapped_key, :nonce, :sealed, :content_tag, :request_id)
ON CONFLICT (case_no) DO NOTHING
RETURNING case_no;

-- kept: a case's sealed details
SELECT case_no, cipher, key_id, wrapped_key, nonce, sealed, content_tag, sealed_at, request_id
FROM complainant
WHERE case_no = :case_no;

-- wrapped_otherwise: details whose data key is wrapped by another master key than this one, by case number
SELECT case_no, cipher, key_id, wrapped_key, nonce, sealed, content_tag, sealed_at, request_id
FROM complainant
WHERE key_id <> :key_id AND case_no > :after
ORDER BY case_no
LIMIT :limit;

-- wrapped_by: how many are wrapped by this master key
SELECT count(*) FROM complainant WHERE key_id = :key_id;

-- rewrap: give details a wrapped key for the one that was read, unless somebody else has meanwhile
UPDATE complainant SET key_id = :key_id, wrapped_key = :wrapped_key
WHERE case_no = :case_no AND wrapped_key = :old_wrapped_key
RETURNING case_no;

-- note: one more event
INSERT INTO complainant_look (case_no, kind, caller_id, office, name, purpose, request_id, given, note)
VALUES (:case_no, :kind, :caller_id, :office, :name, :purpose, :request_id, :given, :note);

-- looks: the events of a case, or of all, the latest first
SELECT id, case_no, kind, at, caller_id, office, name, purpose, request_id, given, note
FROM complainant_look
WHERE (:case_no::text IS NULL OR case_no = :case_no)
ORDER BY id DESC
LIMIT :limit;
