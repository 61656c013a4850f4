-- head: what stands of a case: its row, the end of its record, and the entries that are sent once more
SELECT
    coalesce(standing.revision, 0) AS revision,
    standing.seq AS state_seq,
    CASE WHEN coalesce(tail.seq, 0) < :last::integer THEN standing.state::text END AS state,
    coalesce(tail.seq, 0) AS last_seq,
    tail.hash AS last_hash,
    ARRAY(
        SELECT known.entry::text
        FROM case_event known
        WHERE known.case_no = :case_no AND known.seq BETWEEN :first::integer AND :last::integer
        ORDER BY known.seq
    ) AS known
FROM (SELECT :case_no::text COLLATE "C" AS case_no) asked
LEFT JOIN petition_case standing ON standing.case_no = asked.case_no
LEFT JOIN LATERAL (
    SELECT seq, hash FROM case_event WHERE case_no = asked.case_no ORDER BY seq DESC LIMIT 1
) tail ON true;

-- write: entries, the read model, notices and their outcomes, all or (the row was written by another) nothing
WITH saved AS (
    INSERT INTO petition_case AS standing (
        case_no, seq, hash, revision, stage, sticker, starred, overdue, county, responsible_unit, units, round,
        received_at, opened_at, due_at, closed_at, outcome, within_target, within_mandate, categories, channel, batch,
        location, summary, has_instruction, has_supervision, has_task_force, has_revisit, breaches, view, state
    ) VALUES (
        :case_no, :seq, :hash, :revision + 1, :stage, :sticker, :starred, :overdue, :county, :responsible_unit, :units,
        :round, :received_at, :opened_at, :due_at, :closed_at, :outcome, :within_target, :within_mandate, :categories,
        :channel, :batch, :location, :summary, :has_instruction, :has_supervision, :has_task_force, :has_revisit,
        :breaches, :view::text::json, :state::text::json
    )
    ON CONFLICT (case_no) DO UPDATE SET
        seq = excluded.seq,
        hash = excluded.hash,
        revision = excluded.revision,
        stage = excluded.stage,
        sticker = excluded.sticker,
        starred = excluded.starred,
        overdue = excluded.overdue,
        county = excluded.county,
        responsible_unit = excluded.responsible_unit,
        units = excluded.units,
        round = excluded.round,
        received_at = excluded.received_at,
        opened_at = excluded.opened_at,
        due_at = excluded.due_at,
        closed_at = excluded.closed_at,
        outcome = excluded.outcome,
        within_target = excluded.within_target,
        within_mandate = excluded.within_mandate,
        categories = excluded.categories,
        channel = excluded.channel,
        batch = excluded.batch,
        location = excluded.location,
        summary = excluded.summary,
        has_instruction = excluded.has_instruction,
        has_supervision = excluded.has_supervision,
        has_task_force = excluded.has_task_force,
        has_revisit = excluded.has_revisit,
        breaches = excluded.breaches,
        view = excluded.view,
        state = excluded.state,
        updated_at = now()
    WHERE standing.revision = :revision::bigint
    RETURNING case_no
), written AS (
    INSERT INTO case_event (
        case_no, seq, at, event, by_office, by_name, message_id, received_at, county, starred, outcome, entry, line,
        prev_hash, hash
    )
    SELECT
        saved.case_no, new.seq, new.at, new.event, new.by_office, new.by_name, new.message_id, new.received_at,
        new.county, new.starred, new.outcome, new.entry::json, new.line, new.prev_hash, new.hash
    FROM saved, unnest(
        :events_seq::integer[], :events_at::timestamptz[], :events_event::text[], :events_by_office::text[],
        :events_by_name::text[], :events_message_id::text[], :events_received_at::timestamptz[],
        :events_county::text[], :events_starred::boolean[], :events_outcome::text[], :events_entry::text[],
        :events_line::text[], :events_prev_hash::bytea[], :events_hash::bytea[]
    ) AS new (
        seq, at, event, by_office, by_name, message_id, received_at, county, starred, outcome, entry, line, prev_hash,
        hash
    )
), no_longer AS (
    DELETE FROM waiting
    USING saved
    WHERE waiting.case_no = saved.case_no AND NOT EXISTS (
        SELECT FROM unnest(:waiting_office::text[], :waiting_what::text[]) AS still (office, what)
        WHERE still.office = waiting.office AND still.what = waiting.what
    )
), awaited AS (
    INSERT INTO waiting (case_no, office, what, due_at)
    SELECT saved.case_no, new.office, new.what, new.due_at
    FROM saved, unnest(:waiting_office::text[], :waiting_what::text[], :waiting_due_at::timestamptz[])
        AS new (office, what, due_at)
    ON CONFLICT (case_no, office, what) DO UPDATE SET due_at = excluded.due_at
    WHERE waiting.due_at <> excluded.due_at
), noticed AS (
    INSERT INTO notice (
        key, case_no, to_office, title, body, urgent, state, attempts, last_error, created_at, sent_at
    )
    SELECT
        new.key, saved.case_no, new.to_office, new.title, new.body, new.urgent, new.state, new.attempts,
        new.last_error, new.created_at, new.sent_at
    FROM saved, unnest(
        :notices_key::text[], :notices_to_office::text[], :notices_title::text[], :notices_body::text[],
        :notices_urgent::boolean[], :notices_state::text[], :notices_attempts::integer[], :notices_last_error::text[],
        :notices_created_at::timestamptz[], :notices_sent_at::timestamptz[]
    ) AS new (key, to_office, title, body, urgent, state, attempts, last_error, created_at, sent_at)
    ON CONFLICT (key) DO UPDATE SET
        state = excluded.state,
        attempts = excluded.attempts,
        last_error = excluded.last_error,
        sent_at = excluded.sent_at
    WHERE notice.state <> 'sent' AND (excluded.state = 'sent' OR excluded.attempts >= notice.attempts)
), told AS (
    UPDATE notice SET
        state = outcome.state,
        attempts = outcome.attempts,
        last_error = outcome.last_error,
        sent_at = outcome.sent_at
    FROM saved, unnest(
        :outcomes_key::text[], :outcomes_state::text[], :outcomes_attempts::integer[], :outcomes_last_error::text[],
        :outcomes_sent_at::timestamptz[]
    ) AS outcome (key, state, attempts, last_error, sent_at)
    WHERE notice.key = outcome.key
        AND notice.state <> 'sent' AND (outcome.state = 'sent' OR outcome.attempts >= notice.attempts)
)
SELECT
    pg_notify(:notify_on::text, saved.case_no),
    ARRAY(
        SELECT given.key
        FROM unnest(:outcomes_key::text[]) AS given (key)
        WHERE NOT EXISTS (SELECT FROM notice WHERE notice.key = given.key)
    ) AS unknown
FROM saved;

-- entries: the record of one case in order, from an entry on
SELECT seq, hash, entry::text AS entry
FROM case_event
WHERE case_no = :case_no AND seq > :after
ORDER BY seq
LIMIT :limit;
