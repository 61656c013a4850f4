-- sent: which of these notices are known to be sent
SELECT key FROM notice WHERE key = ANY (:keys::text[]) AND state = 'sent';

-- entered: which of these notices the ledger has, whatever became of them
SELECT key FROM notice WHERE key = ANY (:keys::text[]);

-- mark: what became of notices, whether the ledger has them yet or not; what is sent stays sent
INSERT INTO notice (key, case_no, to_office, title, body, urgent, state, attempts, last_error, created_at, sent_at)
SELECT
    new.key, new.case_no, new.to_office, new.title, new.body, new.urgent, new.state, new.attempts, new.last_error,
    new.created_at, new.sent_at
FROM unnest(
    :notices_key::text[], :notices_case_no::text[], :notices_to_office::text[], :notices_title::text[],
    :notices_body::text[], :notices_urgent::boolean[], :notices_state::text[], :notices_attempts::integer[],
    :notices_last_error::text[], :notices_created_at::timestamptz[], :notices_sent_at::timestamptz[]
) AS new (key, case_no, to_office, title, body, urgent, state, attempts, last_error, created_at, sent_at)
ON CONFLICT (key) DO UPDATE SET
    state = excluded.state,
    attempts = excluded.attempts,
    last_error = excluded.last_error,
    sent_at = excluded.sent_at
WHERE notice.state <> 'sent' AND (excluded.state = 'sent' OR excluded.attempts >= notice.attempts);

-- tell: what became of notices that the ledger has; answers with the keys that it has not
WITH told AS (
    UPDATE notice SET
        state = outcome.state,
        attempts = outcome.attempts,
        last_error = outcome.last_error,
        sent_at = outcome.sent_at
    FROM unnest(
        :outcomes_key::text[], :outcomes_state::text[], :outcomes_attempts::integer[], :outcomes_last_error::text[],
        :outcomes_sent_at::timestamptz[]
    ) AS outcome (key, state, attempts, last_error, sent_at)
    WHERE notice.key = outcome.key
        AND notice.state <> 'sent' AND (outcome.state = 'sent' OR outcome.attempts >= notice.attempts)
)
SELECT given.key
FROM unnest(:outcomes_key::text[]) AS given (key)
WHERE NOT EXISTS (SELECT FROM notice WHERE notice.key = given.key);

-- of_case: a case's notices in the order in which they arose
SELECT key, case_no, to_office, title, body, urgent, state, attempts, last_error, created_at, sent_at
FROM notice
WHERE case_no = :case_no
ORDER BY created_at, recorded_at, key;

-- undelivered: notices that have an address and are not sent, the oldest first
SELECT key, case_no, to_office, title, body, urgent, state, attempts, last_error, created_at, sent_at
FROM notice
WHERE state IN ('queued', 'failed')
    AND (:office::text IS NULL OR to_office = :office)
    AND (:keys::text[] IS NULL OR key = ANY (:keys))
ORDER BY created_at, key
LIMIT :limit;

-- by_state: how many notices there are in each state
SELECT state, count(*) AS notices
FROM notice
WHERE :office::text IS NULL OR to_office = :office
GROUP BY state;

-- to_do: what offices have to do in the open cases of a jurisdiction, as the cases name it
SELECT asked.office, asked.case_no, asked.what, asked.due_at, standing.starred
FROM waiting asked
JOIN petition_case standing USING (case_no)
WHERE asked.office = ANY (:offices::text[])
    AND standing.closed_at IS NULL
    AND (standing.state -> 'hand_over' ->> 'jurisdiction') IS NOT DISTINCT FROM :jurisdiction::text
ORDER BY asked.office, asked.due_at, asked.case_no, asked.what;
