-- issue: a new key, unless its id is taken
INSERT INTO api_key (id, office, system, label, key_hash, pepper, expires_at)
VALUES (:id, :office, :system, :label, :key_hash, :pepper, :expires_at)
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- one: a key by its id
SELECT id, office, system, label, key_hash, pepper, created_at, last_used_at, expires_at, revoked_at, revoked_why
FROM api_key
WHERE id = :id;

-- all: every key that was ever issued, in that order
SELECT id, office, system, label, key_hash, pepper, created_at, last_used_at, expires_at, revoked_at, revoked_why
FROM api_key
ORDER BY created_at, id;

-- any: whether any key was ever issued
SELECT EXISTS (SELECT FROM api_key);

-- revoke: take a key out of use; one that is revoked stays as it was revoked first
UPDATE api_key SET revoked_at = now(), revoked_why = :reason
WHERE id = :id AND revoked_at IS NULL
RETURNING id;

-- touch: a key was used; written once a minute at the most
UPDATE api_key SET last_used_at = now()
WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
