-- keep: a file, once
INSERT INTO attachment (sha256, content)
VALUES (:sha256, :content)
ON CONFLICT (sha256) DO NOTHING;

-- attach: a file was handed in for a case; its first name stays
INSERT INTO case_attachment (case_no, sha256, name, by_office, by_name)
VALUES (:case_no, :sha256, :name, :by_office, :by_name)
ON CONFLICT (case_no, sha256) DO NOTHING;

-- one: a file of a case
SELECT case_attachment.name, attachment.content
FROM case_attachment
JOIN attachment USING (sha256)
WHERE case_no = :case_no AND sha256 = :sha256;

-- of_case: the files of a case, in the order in which they came
SELECT encode(sha256, 'hex') AS sha256, name, octet_length(content) AS size
FROM case_attachment
JOIN attachment USING (sha256)
WHERE case_no = :case_no
ORDER BY at, sha256;
