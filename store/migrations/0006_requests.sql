-- Answers to requests that came with an Idempotency-Key, to be given again.

CREATE TABLE answered_request (
    caller      text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    -- SHA-256 of method, path, type and body; of a hand-over without its complainant.
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    status      integer NOT NULL,
    headers     json NOT NULL,
    body        text NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);

COMMENT ON TABLE answered_request IS 'Final answers by caller and Idempotency-Key; kept for some days';

CREATE INDEX answered_request_by_age ON answered_request (answered_at);
