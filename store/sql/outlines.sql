-- last: of the records of these cases up to a moment the last entries of some events
SELECT asked.case_no, last.seq, last.hash
FROM unnest(:case_nos::text[]) AS asked (case_no)
CROSS JOIN LATERAL (
    SELECT seq, hash
    FROM case_event
    WHERE case_event.case_no = asked.case_no AND at <= :at::timestamptz AND event = ANY (:events::text[])
    ORDER BY seq DESC
    LIMIT 1
) AS last;

-- entries: of the records of these cases, each up to an entry, the entries of some events
SELECT case_no, entry::text AS entry
FROM unnest(:case_nos::text[], :last_seqs::integer[]) AS asked (case_no, last_seq)
JOIN case_event USING (case_no)
WHERE seq <= last_seq AND event = ANY (:events::text[])
ORDER BY case_no, seq;
