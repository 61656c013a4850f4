-- What goes out of the house: notices, handling reports, and starts that could not open a case.

CREATE TABLE notice (
    key         text COLLATE "C" PRIMARY KEY,
    case_no     text COLLATE "C" NOT NULL,
    to_office   text NOT NULL,
    title       text NOT NULL,
    body        text NOT NULL,
    urgent      boolean NOT NULL,
    state       text NOT NULL CHECK (state IN ('ledger', 'queued', 'sent', 'failed')),
    attempts    integer NOT NULL,
    last_error  text,
    created_at  timestamptz NOT NULL,
    sent_at     timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);

COMMENT ON TABLE notice IS 'Ledger of notices; what is sent never becomes unsent';
COMMENT ON COLUMN notice.created_at IS 'On the case''s own clock, as sent_at';

CREATE INDEX notice_by_case ON notice (case_no, created_at);
CREATE INDEX notice_undelivered ON notice (created_at, key) WHERE state IN ('queued', 'failed');

CREATE TABLE handling_report (
    case_no      text COLLATE "C" NOT NULL,
    key          text NOT NULL,
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    title        text NOT NULL,
    text         text NOT NULL,
    report       json NOT NULL,
    submitted_at timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_no, key)
);

COMMENT ON TABLE handling_report IS 'Handling reports as submitted, each once for its key; append-only';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON handling_report
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE handling_report ENABLE ALWAYS TRIGGER append_only;

CREATE TABLE refused_hand_over (
    workflow_id text NOT NULL,
    run_id      text NOT NULL,
    given       text NOT NULL,
    reason      text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workflow_id, run_id)
);

COMMENT ON TABLE refused_hand_over IS 'Starts whose input could not open a case';

CREATE INDEX refused_hand_over_latest ON refused_hand_over (recorded_at DESC);
