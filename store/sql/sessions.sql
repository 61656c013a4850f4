-- open: somebody has signed in
INSERT INTO desk_session (id_hash, key_id, subject, office, name)
VALUES (:id_hash, :key_id, :subject, :office, :name);

-- one: a session, and whether it still holds
SELECT
    key_id, subject, office, name, opened_at,
    ended_at IS NULL AND opened_at > now() - :most::interval AND last_seen_at > now() - :idle::interval AS holds
FROM desk_session
WHERE id_hash = :id_hash;

-- seen: a session was used; written once a minute at the most
UPDATE desk_session SET last_seen_at = now()
WHERE id_hash = :id_hash AND last_seen_at < now() - interval '1 minute';

-- end: somebody has signed out
UPDATE desk_session SET ended_at = now()
WHERE id_hash = :id_hash AND ended_at IS NULL;

-- forget: sessions that were opened so long ago that nobody comes back to them
DELETE FROM desk_session WHERE opened_at < now() - interval '30 days';
