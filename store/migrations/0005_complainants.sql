-- Complainants, sealed: what intake and the case-supervision team may see, and every look at it.

CREATE TABLE complainant (
    case_no     text COLLATE "C" PRIMARY KEY,
    cipher      text NOT NULL,
    key_id      text NOT NULL,
    wrapped_key bytea NOT NULL,
    nonce       bytea NOT NULL,
    sealed      bytea NOT NULL,
    content_tag bytea NOT NULL CHECK (octet_length(content_tag) = 32),
    sealed_at   timestamptz NOT NULL DEFAULT now(),
    request_id  text
);

COMMENT ON TABLE complainant IS
    'Complainants'' details, sealed by sealing/envelope.py; nothing of them stands here in plain';
COMMENT ON COLUMN complainant.key_id IS
    'The master key by which wrapped_key is wrapped; a rotation changes these two alone';
COMMENT ON COLUMN complainant.content_tag IS
    'Keyed digest: tells the same details again from others without opening them';

CREATE INDEX complainant_by_key ON complainant (key_id, case_no);

CREATE TRIGGER kept_for_ever BEFORE DELETE OR TRUNCATE ON complainant
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE complainant ENABLE ALWAYS TRIGGER kept_for_ever;
CREATE TRIGGER content_stays BEFORE UPDATE OF case_no, cipher, nonce, sealed, content_tag, sealed_at, request_id
    ON complainant
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE complainant ENABLE ALWAYS TRIGGER content_stays;

CREATE TABLE complainant_look (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no    text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('look', 'failed', 'rewrapped')),
    at         timestamptz NOT NULL DEFAULT now(),
    -- Who looked and what for; of a rotation nobody did.
    caller_id  text,
    office     text,
    name       text,
    purpose    text,
    request_id text,
    given      boolean NOT NULL,
    note       text,
    CHECK (kind <> 'look' OR (caller_id, office, name, purpose) IS NOT NULL),
    CHECK (kind = 'look' OR NOT given)
);

COMMENT ON TABLE complainant_look IS
    'Every look at a complainant''s details, every failed opening and every rewrapping; append-only';
COMMENT ON COLUMN complainant_look.at IS 'By Postgres''s clock';
COMMENT ON COLUMN complainant_look.given IS
    'Whether the details were given; false: the case has none, or they did not open';
COMMENT ON COLUMN complainant_look.note IS 'Why they did not open, or from which master key to which';

CREATE INDEX complainant_look_by_case ON complainant_look (case_no, id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON complainant_look
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE complainant_look ENABLE ALWAYS TRIGGER append_only;
