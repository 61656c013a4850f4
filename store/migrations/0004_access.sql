-- Who may ask: keys of offices and intake systems, and which units see a case.

CREATE TABLE api_key (
    id           text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9a-f]{8}$'),
    office       text,
    system       text,
    label        text NOT NULL,
    key_hash     bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    -- Which pepper the hash was made with: empty for none, else the first digits of a digest of it.
    pepper       text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    revoked_why  text,
    CHECK ((office IS NULL) <> (system IS NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_why IS NULL))
);

COMMENT ON TABLE api_key IS 'Keys by which callers are known; the keys themselves are nowhere';
COMMENT ON COLUMN api_key.label IS 'Whose key it is, as whoever issued it wrote it';
COMMENT ON COLUMN api_key.key_hash IS 'HMAC-SHA-256 of the whole key; see store/api_keys.py';
COMMENT ON COLUMN api_key.last_used_at IS 'To within a minute';

ALTER TABLE petition_case ADD COLUMN units text[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN petition_case.units IS
    'The units that see the case, sorted: the responsible one, and those of the task force; see petitions/access.py';

UPDATE petition_case
SET units = ARRAY(
    -- A NUL in any text of the state would stop the reading of all of it.
    WITH kept AS (SELECT replace(petition_case.state::text, '\u0000', '\ufffd')::json AS state),
    force AS (SELECT state -> 'task_force' AS named FROM kept WHERE json_typeof(state -> 'task_force') = 'object')
    SELECT DISTINCT office COLLATE "C"
    FROM (
        SELECT state ->> 'responsible_unit' AS office FROM kept
        UNION ALL SELECT named ->> 'lead_department' FROM force
        UNION ALL SELECT named #>> '{lead_leader,office}' FROM force
        UNION ALL SELECT json_array_elements_text(named -> 'assisting_departments') FROM force
        UNION ALL
        SELECT CASE json_typeof(member) WHEN 'object' THEN member ->> 'office' ELSE member #>> '{}' END
        FROM force, json_array_elements(named -> 'members') AS member
    ) AS offices
    WHERE office LIKE 'unit/%'
    ORDER BY 1
);
