-- keep: what somebody has typed, in the place of what they had typed before
INSERT INTO desk_draft (office, name, case_no, kind, typed)
VALUES (:office, :name, :case_no, :kind, :typed)
ON CONFLICT (office, name, case_no, kind) DO UPDATE SET typed = excluded.typed, saved_at = now();

-- of_case: what somebody has typed on a case
SELECT kind, typed, saved_at
FROM desk_draft
WHERE office = :office AND name = :name AND case_no = :case_no
ORDER BY kind;

-- drop: it was sent
DELETE FROM desk_draft WHERE office = :office AND name = :name AND case_no = :case_no AND kind = :kind;

-- cases: on which cases somebody has drafts, the latest first
SELECT case_no, kind, saved_at
FROM desk_draft
WHERE office = :office AND name = :name
ORDER BY saved_at DESC
LIMIT 50;

-- forget: drafts that nobody has touched for long
DELETE FROM desk_draft WHERE saved_at < now() - interval '90 days';
