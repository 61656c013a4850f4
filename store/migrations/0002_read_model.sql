-- The read model: one row a case as it stands after its last entry. Derived; `guatu rebuild` makes it anew.

CREATE TABLE petition_case (
    case_no          text COLLATE "C" PRIMARY KEY,
    seq              integer NOT NULL,
    -- Hash of entry seq: shows if entries are missing at the end of the record.
    hash             bytea NOT NULL,
    -- Counts every writing of the row: a writer that read an older one begins again.
    revision         bigint NOT NULL,
    stage            text NOT NULL,
    sticker          text,
    starred          boolean NOT NULL,
    overdue          boolean NOT NULL,
    county           text NOT NULL,
    responsible_unit text,
    round            integer NOT NULL,
    received_at      timestamptz NOT NULL,
    opened_at        timestamptz NOT NULL,
    due_at           timestamptz NOT NULL,
    closed_at        timestamptz,
    outcome          text,
    within_target    boolean,
    within_mandate   boolean,
    categories       text[] NOT NULL,
    channel          text NOT NULL,
    batch            bigint,
    location         text NOT NULL,
    summary          text NOT NULL,
    has_instruction  boolean NOT NULL,
    has_supervision  boolean NOT NULL,
    has_task_force   boolean NOT NULL,
    has_revisit      boolean NOT NULL,
    breaches         integer NOT NULL,
    -- Type json, not jsonb: the keys keep the order of the contract, and numbers their form.
    view             json NOT NULL,
    state            json NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

COMMENT ON TABLE petition_case IS 'Read model, one row a case, derived from case_event';
COMMENT ON COLUMN petition_case.view IS 'The case as the query "case" shows it';
COMMENT ON COLUMN petition_case.state IS 'The case as the next entry is folded over it';

CREATE INDEX petition_case_by_receipt ON petition_case (received_at DESC, case_no DESC);

CREATE TABLE waiting (
    case_no text COLLATE "C" NOT NULL REFERENCES petition_case ON DELETE CASCADE,
    office  text NOT NULL,
    what    text NOT NULL,
    due_at  timestamptz NOT NULL,
    PRIMARY KEY (case_no, office, what)
);

COMMENT ON TABLE waiting IS 'Read model: who must do what by when, for the work list of an office';

CREATE INDEX waiting_by_office ON waiting (office, due_at);
