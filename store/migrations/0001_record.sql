-- The record: everything that happened to every case, for ever. Entries are added, never changed.

CREATE TABLE case_event (
    case_no     text COLLATE "C" NOT NULL,
    seq         integer NOT NULL CHECK (seq >= 1),
    at          timestamptz NOT NULL,
    event       text NOT NULL,
    by_office   text,
    by_name     text,
    message_id  text,
    -- What the figures need of an entry; null where it says nothing of it.
    received_at timestamptz,
    county      text,
    starred     boolean,
    outcome     text,
    -- Type json, not jsonb: it keeps the exact text, of which the hash is.
    entry       json NOT NULL,
    line        text NOT NULL,
    prev_hash   bytea,
    hash        bytea NOT NULL CHECK (octet_length(hash) = 32),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_no, seq),
    CHECK ((seq = 1) = (prev_hash IS NULL))
);

COMMENT ON TABLE case_event IS 'Append-only record, one row for each entry of a case';
COMMENT ON COLUMN case_event.at IS 'When the case took it in, on the case''s own clock';
COMMENT ON COLUMN case_event.line IS 'What the timeline says, in Chinese';
COMMENT ON COLUMN case_event.hash IS
    'SHA-256 of case_no, seq, hex of prev_hash and entry in UTF-8, with line feeds between; see store/chain.py';

-- Figures as of any moment are read from this index alone.
CREATE INDEX case_event_figures ON case_event (case_no, seq)
    INCLUDE (at, received_at, county, starred, outcome)
    WHERE received_at IS NOT NULL OR starred IS NOT NULL OR outcome IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'What is recorded stays as it is; a correction is a new entry.';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Also for sessions with session_replication_role = replica, which pass over ordinary triggers.
ALTER TABLE case_event ENABLE ALWAYS TRIGGER append_only;
