-- numbers: what the summary line says of all cases in sight, as they stand now
WITH closed AS (
    -- Of the closed cases, of which there are ten times as many, only what their index holds.
    SELECT
        count(*) AS number,
        count(*) FILTER (WHERE outcome = 'concluded') AS concluded,
        count(*) FILTER (WHERE outcome = 'concluded' AND within_mandate) AS on_time,
        count(*) FILTER (WHERE starred) AS starred,
        max(closed_at) AS closed_last
    FROM petition_case
    WHERE closed_at IS NOT NULL
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
), open AS (
    SELECT
        count(*) AS number,
        count(*) FILTER (WHERE starred) AS starred,
        -- What is past its time is overdue also while nobody has recorded it yet.
        count(*) FILTER (WHERE overdue OR coalesce(due_at < :now::timestamptz, false)) AS overdue,
        count(*) FILTER (WHERE sticker = 'yellow') AS yellow,
        count(*) FILTER (WHERE sticker = 'blue') AS blue,
        count(*) FILTER (WHERE sticker = 'red') AS red
    FROM petition_case
    WHERE closed_at IS NULL
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
)
SELECT
    closed.number + open.number AS received,
    closed.concluded,
    closed.on_time,
    closed.number - closed.concluded AS elsewhere,
    closed.starred + open.starred AS starred,
    closed.closed_last,
    open.number AS open,
    open.overdue, open.yellow, open.blue, open.red
FROM closed, open;

-- satisfaction: what residents answered in the judged rounds of the latest cases in sight, up to a moment, by county
SELECT
    latest.county,
    sum((judged.entry #>> '{happened,content}')::bigint)::bigint AS content,
    sum((judged.entry #>> '{happened,responses}')::bigint)::bigint AS responses
FROM (
    SELECT case_no, county
    FROM petition_case
    WHERE received_at <= :at::timestamptz
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    ORDER BY received_at DESC, case_no DESC
    LIMIT :latest
) AS latest
JOIN case_event AS judged ON judged.case_no = latest.case_no
WHERE judged.event = 'survey_judged' AND judged.at <= :at
GROUP BY latest.county;

-- first: when the first case in sight was handed over
SELECT min(received_at)
FROM petition_case
WHERE (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units));

-- choices: the counties and the units of the open cases in sight
SELECT DISTINCT county, responsible_unit
FROM petition_case
WHERE closed_at IS NULL
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units));

-- closed: the cases in sight that closed last
SELECT
    case_no, starred, county, location, received_at, closed_at, outcome, within_target, within_mandate
FROM petition_case
WHERE closed_at IS NOT NULL
    AND (:county::text IS NULL OR :county = ANY (string_to_array(county, '、')))
    AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
    AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
ORDER BY closed_at DESC, case_no DESC
LIMIT :limit;

-- counties: the numbers of each county in sight; a joint case counts in each of its own
WITH together AS (
    -- First by what a case names, then by each county in it: a name stands for thousands of cases.
    SELECT county, count(*) AS received, count(*) FILTER (WHERE outcome = 'concluded') AS concluded, 0 AS open, 0 AS overdue
    FROM petition_case
    WHERE closed_at IS NOT NULL
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    GROUP BY county
    UNION ALL
    SELECT county, count(*), 0, count(*), count(*) FILTER (WHERE overdue OR coalesce(due_at < :now::timestamptz, false))
    FROM petition_case
    WHERE closed_at IS NULL
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    GROUP BY county
)
SELECT
    region,
    sum(received)::bigint AS received,
    sum(concluded)::bigint AS concluded,
    sum(open)::bigint AS open,
    sum(overdue)::bigint AS overdue
FROM together, unnest(string_to_array(county, '、')) AS region
GROUP BY region;

-- days: how many cases in sight were handed over, and concluded, on each day since a moment
SELECT day, sum(received)::bigint AS received, sum(concluded)::bigint AS concluded
FROM (
    SELECT ((received_at AT TIME ZONE 'UTC') + :offset::interval)::date AS day, 1 AS received, 0 AS concluded
    FROM petition_case
    WHERE received_at >= :since::timestamptz
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
    UNION ALL
    SELECT ((closed_at AT TIME ZONE 'UTC') + :offset)::date, 0, 1
    FROM petition_case
    WHERE closed_at >= :since AND outcome = 'concluded'
        AND (:sight_county::text IS NULL OR :sight_county = ANY (string_to_array(county, '、')))
        AND (:sight_unit::text IS NULL OR :sight_unit = ANY (units))
) AS happened
GROUP BY day
ORDER BY day;
