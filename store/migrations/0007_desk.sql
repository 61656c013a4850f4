-- The desk: who is signed in, what somebody has begun to write, and the files that belong to reports.

CREATE TABLE desk_session (
    -- SHA-256 of the id in the cookie; the id itself is nowhere.
    id_hash      bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
    -- Of the key it was opened with; none: the operator of this machine, while no key was ever issued.
    key_id       text COLLATE "C" REFERENCES api_key (id),
    office       text NOT NULL,
    name         text NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz
);

COMMENT ON TABLE desk_session IS 'People who are signed in at the desk';
COMMENT ON COLUMN desk_session.name IS 'The name that the person gave: it stands in what they send';
COMMENT ON COLUMN desk_session.last_seen_at IS 'To within a minute';

CREATE INDEX desk_session_by_age ON desk_session (opened_at);

CREATE TABLE desk_draft (
    office   text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL,
    case_no  text COLLATE "C" NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    typed    json NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (office, name, case_no, kind)
);

COMMENT ON TABLE desk_draft IS 'What a person has typed into a form and not sent; of a complainant nothing is here';
COMMENT ON COLUMN desk_draft.case_no IS 'Empty: the form that hands a case over';
COMMENT ON COLUMN desk_draft.kind IS 'The message that it is to become';

CREATE INDEX desk_draft_by_age ON desk_draft (saved_at);

CREATE TABLE attachment (
    sha256   bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    content  bytea NOT NULL,
    kept_at  timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE attachment IS 'Files, each once by its content';

-- Photographs and documents are compressed already.
ALTER TABLE attachment ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE case_attachment (
    case_no   text COLLATE "C" NOT NULL,
    sha256    bytea NOT NULL REFERENCES attachment (sha256),
    name      text NOT NULL,
    by_office text NOT NULL,
    by_name   text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_no, sha256)
);

COMMENT ON TABLE case_attachment IS 'Which files were handed in for which case, and by whom; who sees the case sees them';

CREATE TRIGGER content_stays BEFORE UPDATE OR TRUNCATE ON attachment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE attachment ENABLE ALWAYS TRIGGER content_stays;
