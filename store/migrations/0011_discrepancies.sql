-- Where the record and Temporal were found to differ.

CREATE TABLE discrepancy (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_no  text COLLATE "C" NOT NULL,
    kind     text NOT NULL,
    what     text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    seen_at  timestamptz NOT NULL DEFAULT now(),
    gone_at  timestamptz
);

COMMENT ON TABLE discrepancy IS
    'Where a case and its workflow differ, as the reconciliation found it; what is over is marked, and kept';
COMMENT ON COLUMN discrepancy.kind IS 'See petitions/discrepancies.py';
COMMENT ON COLUMN discrepancy.what IS 'For whoever keeps the system, as it was seen last';
COMMENT ON COLUMN discrepancy.found_at IS 'By Postgres''s clock, as the other two';
COMMENT ON COLUMN discrepancy.gone_at IS 'When it was no longer found; null: it still stands';

CREATE UNIQUE INDEX discrepancy_standing ON discrepancy (case_no, kind) WHERE gone_at IS NULL;

CREATE TRIGGER kept_for_ever BEFORE DELETE OR TRUNCATE ON discrepancy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE discrepancy ENABLE ALWAYS TRIGGER kept_for_ever;
