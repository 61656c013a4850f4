-- Who had payloads of Temporal opened, by the codec server.

CREATE TABLE payload_look (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    caller_id  text NOT NULL,
    acts_as    text NOT NULL,
    namespace  text NOT NULL,
    payloads   integer NOT NULL CHECK (payloads >= 0),
    -- Of them: how many came sealed and were opened.
    opened     integer NOT NULL CHECK (opened BETWEEN 0 AND payloads),
    request_id text
);

COMMENT ON TABLE payload_look IS
    'Every request to the codec server to open payloads of Temporal; append-only, and nothing of what they hold';
COMMENT ON COLUMN payload_look.at IS 'By Postgres''s clock';
COMMENT ON COLUMN payload_look.namespace IS 'As the Temporal UI says it; empty if whoever asked did not say';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payload_look
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE payload_look ENABLE ALWAYS TRIGGER append_only;
