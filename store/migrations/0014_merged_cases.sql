-- The latest merged cases, which the wall and the pages of cases follow to those that answer them.
CREATE INDEX petition_case_merged ON petition_case (closed_at DESC, case_no DESC) WHERE outcome = 'merged';
