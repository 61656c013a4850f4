-- The wall in its own order, without looking at the closed cases.
CREATE INDEX petition_case_open ON petition_case (due_at, starred DESC, received_at, case_no) WHERE closed_at IS NULL;
