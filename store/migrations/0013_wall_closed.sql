-- The closed cases as the wall needs them, latest first and counted up to any moment, from the index alone.
CREATE INDEX petition_case_closed ON petition_case (closed_at, case_no)
    INCLUDE (outcome, within_mandate, starred, county, units) WHERE closed_at IS NOT NULL;

-- The few cases whose star was given or taken after the hand-over: of all others a past moment needs no record.
CREATE INDEX case_event_starring ON case_event (case_no) WHERE starred IS NOT NULL AND seq > 1;
