-- Heads of the record: once a day, what all cases' chains come to. Added, never changed; exported and signed outside.

CREATE TABLE record_head (
    no        integer PRIMARY KEY CHECK (no >= 1),
    day       date NOT NULL UNIQUE,
    at        timestamptz NOT NULL,
    cases     integer NOT NULL,
    entries   bigint NOT NULL,
    tips_root bytea NOT NULL CHECK (octet_length(tips_root) = 32),
    prev_hash bytea CHECK (octet_length(prev_hash) = 32),
    hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
    CHECK ((no = 1) = (prev_hash IS NULL))
);

COMMENT ON TABLE record_head IS 'Heads over the records of all cases, one a day at the most; append-only';
COMMENT ON COLUMN record_head.day IS 'The local day on which it was written';
COMMENT ON COLUMN record_head.cases IS 'How many cases it covers, those of the heads before it counted in';
COMMENT ON COLUMN record_head.entries IS 'How many entries it covers, counted likewise';
COMMENT ON COLUMN record_head.tips_root IS 'Root of the tree over the tips of this head, by case number; see store/merkle.py';
COMMENT ON COLUMN record_head.hash IS 'SHA-256 of all the columns before it; see store/heads.py';

CREATE TABLE record_head_tip (
    head_no integer NOT NULL REFERENCES record_head (no),
    case_no text COLLATE "C" NOT NULL,
    seq     integer NOT NULL CHECK (seq >= 1),
    hash    bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (head_no, case_no)
);

COMMENT ON TABLE record_head_tip IS
    'The last entry of every case whose record had grown since the head before; append-only';

CREATE INDEX record_head_tip_by_case ON record_head_tip (case_no, seq);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE record_head ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_head_tip
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE record_head_tip ENABLE ALWAYS TRIGGER append_only;
