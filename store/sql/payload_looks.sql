-- write: somebody has payloads opened
INSERT INTO payload_look (caller_id, acts_as, namespace, payloads, opened, request_id)
VALUES (:caller_id, :acts_as, :namespace, :payloads, :opened, :request_id);

-- latest: the latest looks, the latest first
SELECT id, at, caller_id, acts_as, namespace, payloads, opened, request_id
FROM payload_look
ORDER BY id DESC
LIMIT :limit;
