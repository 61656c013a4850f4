-- lock: one writer of heads at a time, until the end of the transaction
SELECT pg_advisory_xact_lock(:key::bigint);

-- latest: the last head, and which day it is now
SELECT
    given.today, given.at, head.no, head.day, head.at AS written_at, head.cases, head.entries, head.tips_root,
    head.prev_hash, head.hash
FROM (
    SELECT (clock.at AT TIME ZONE 'UTC' + :utc_offset::interval)::date AS today, clock.at
    FROM (SELECT clock_timestamp() AS at) clock
) given
LEFT JOIN LATERAL (SELECT * FROM record_head ORDER BY no DESC LIMIT 1) head ON true;

-- moved: the last entry of every case whose record has grown since the heads so far, of one moment for all cases
SELECT tip.case_no, tip.seq, tip.hash, coalesce(known.seq, 0) AS known_seq
FROM (SELECT DISTINCT ON (case_no) case_no, seq, hash FROM case_event ORDER BY case_no, seq DESC) tip
LEFT JOIN (SELECT case_no, max(seq) AS seq FROM record_head_tip GROUP BY case_no) known USING (case_no)
WHERE tip.seq > coalesce(known.seq, 0)
ORDER BY tip.case_no;

-- write_head: a new head
INSERT INTO record_head (no, day, at, cases, entries, tips_root, prev_hash, hash)
VALUES (:no, :day, :at, :cases, :entries, :tips_root, :prev_hash, :hash);

-- write_tips: what a new head covers
INSERT INTO record_head_tip (head_no, case_no, seq, hash)
SELECT :no, new.case_no, new.seq, new.hash
FROM unnest(:tips_case_no::text[], :tips_seq::integer[], :tips_hash::bytea[]) AS new (case_no, seq, hash);

-- heads: the next heads
SELECT no, day, at, cases, entries, tips_root, prev_hash, hash
FROM record_head
WHERE no > :after
ORDER BY no
LIMIT :limit;

-- tips: what these heads cover
SELECT head_no, case_no, seq, hash
FROM record_head_tip
WHERE head_no BETWEEN :first AND :last
ORDER BY head_no, case_no;

-- stray_tips: what is said to be covered by heads that are not there
SELECT DISTINCT head_no
FROM record_head_tip tip
WHERE NOT EXISTS (SELECT FROM record_head head WHERE head.no = tip.head_no)
ORDER BY head_no;

-- standing: what the record has of covered entries: how far each case's record goes, and what stands there
SELECT
    tip.case_no, tip.seq, coalesce(tail.seq, 0) AS last_seq, entry.hash
FROM unnest(:tips_case_no::text[], :tips_seq::integer[]) AS tip (case_no, seq)
LEFT JOIN case_event entry ON entry.case_no = tip.case_no AND entry.seq = tip.seq
LEFT JOIN LATERAL (
    SELECT seq FROM case_event WHERE case_no = tip.case_no ORDER BY seq DESC LIMIT 1
) tail ON true;

-- covering: the latest head that covers something of a case
SELECT max(head_no) FROM record_head_tip WHERE case_no = :case_no;
