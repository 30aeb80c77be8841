-- topics: The numbers of topics; one that was made anew has another for each of its epochs.
SELECT topic, epoch, topic_no FROM archive.topics;

-- make_topics: Number topics that are archived for the first time.
INSERT INTO archive.topics (topic, epoch)
SELECT * FROM unnest(%s::text[], %s::int[]) AS n (topic, epoch) ORDER BY 1, 2 ON CONFLICT DO NOTHING;

-- last_offsets: The last archived offset of partitions that have any.
SELECT n.topic_no, n.partition, l.last
  FROM unnest(%s::smallint[], %s::int[]) AS n (topic_no, partition)
 CROSS JOIN LATERAL (
       SELECT max(r."offset") AS last FROM archive.records r WHERE r.topic_no = n.topic_no AND r.partition = n.partition) l
 WHERE l.last IS NOT NULL;

-- digests: The digests of records by coordinates.
SELECT r.topic_no, r.partition, r."offset", r.sha256
  FROM unnest(%s::smallint[], %s::int[], %s::bigint[]) AS n (topic_no, partition, "offset")
  JOIN archive.records r USING (topic_no, partition, "offset");

-- record: The record at coordinates.
SELECT t.topic, t.epoch, r.partition, r."offset", r.key, r.headers::text, r.value, r.sha256, coalesce(r.produced_at, r.recorded_at) AS made_at,
       r.recorded_at
  FROM archive.topics t JOIN archive.records r USING (topic_no)
 WHERE t.topic = %s AND t.epoch = %s AND r.partition = %s AND r."offset" = %s;

-- copy_records: Insert records.
COPY archive.records (topic_no, partition, "offset", produced_at, recorded_at, ce_id, ce_type, subject, sha256, key, headers, value)
FROM STDIN (FORMAT binary);

-- keep_passed: Keep what stands in the log in the place of records, once.
INSERT INTO archive.passed (topic_no, partition, "offset", last_offset, kind, recorded_at, sha256, batch)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING;

-- every_passed: All offsets without a record by coordinates, for verification.
SELECT p.topic_no, t.topic, t.epoch, p.partition, p."offset", p.last_offset, p.kind, p.sha256, p.batch
  FROM archive.passed p JOIN archive.topics t USING (topic_no)
 ORDER BY p.topic_no, p.partition, p."offset";

-- lock_sequence: Be the one sequencer until the end of the transaction, or learn that another one is.
SELECT pg_try_advisory_xact_lock(%s);

-- sequence: Give the next indexes to records that have none: those of a partition in the order of offsets, all in the order of their arrival.
-- Of a topic that was made anew also what is left of its earlier epochs.
WITH fresh AS MATERIALIZED (
    SELECT r.*
      FROM custodian.positions p
      JOIN archive.topics t ON t.topic = p.topic
     CROSS JOIN LATERAL (
           SELECT max(l."offset") AS last FROM archive.leaves l WHERE l.topic_no = t.topic_no AND l.partition = p.partition) done
     CROSS JOIN LATERAL (
           SELECT r.topic_no, r.partition, r."offset", r.sha256, r.recorded_at, r.produced_at
             FROM archive.records r
            WHERE r.topic_no = t.topic_no AND r.partition = p.partition AND r."offset" > coalesce(done.last, -1)
            ORDER BY r."offset"
            LIMIT %(per_partition)s) r
     WHERE p.consumer = %(consumer)s
), arrived AS (
    -- A clock that was set back must not turn records of a partition around: each counts as no earlier than the one before it.
    SELECT f.*, max(f.recorded_at) OVER so_far AS at, max(f.produced_at) OVER so_far AS made_at
      FROM fresh f WINDOW so_far AS (PARTITION BY f.topic_no, f.partition ORDER BY f."offset")
)
INSERT INTO archive.leaves (index, topic_no, partition, "offset", sha256, sequenced_at)
SELECT (SELECT coalesce(max(l.index), -1) FROM archive.leaves l) + row_number() OVER (ORDER BY a.at, a.made_at, a.topic_no, a.partition, a."offset"),
       a.topic_no, a.partition, a."offset", a.sha256, %(now)s
  FROM arrived a;

-- sequenced_records: Records that have an index, in its order.
SELECT l.index, t.topic, nullif(t.epoch, 1) AS later_epoch, t.epoch, r.partition, r."offset", r.ce_id, r.ce_type, r.subject, r.sha256, r.recorded_at, r.produced_at,
       CASE WHEN %(with_body)s THEN r.value END AS value, CASE WHEN %(with_body)s THEN r.headers::text END AS headers, r.key
  FROM archive.leaves l
  JOIN archive.records r USING (topic_no, partition, "offset")
  JOIN archive.topics t ON t.topic_no = r.topic_no
 WHERE (%(topic)s::text IS NULL OR t.topic = %(topic)s)
   AND (%(ce_type)s::text IS NULL OR r.ce_type = %(ce_type)s)
   AND (%(subject)s::text IS NULL OR r.subject = %(subject)s)
   AND (%(ce_id)s::text IS NULL OR r.ce_id = %(ce_id)s)
 ORDER BY l.index
 LIMIT %(limit)s;

-- other_records: Records that wait for their index, in the order of arrival.
SELECT NULL::bigint AS index, t.topic, nullif(t.epoch, 1) AS later_epoch, t.epoch, r.partition, r."offset", r.ce_id, r.ce_type, r.subject, r.sha256, r.recorded_at, r.produced_at,
       CASE WHEN %(with_body)s THEN r.value END AS value, CASE WHEN %(with_body)s THEN r.headers::text END AS headers, r.key
  FROM archive.records r
  JOIN archive.topics t USING (topic_no)
 WHERE (%(topic)s::text IS NULL OR t.topic = %(topic)s)
   AND (%(ce_type)s::text IS NULL OR r.ce_type = %(ce_type)s)
   AND (%(subject)s::text IS NULL OR r.subject = %(subject)s)
   AND (%(ce_id)s::text IS NULL OR r.ce_id = %(ce_id)s)
   AND NOT EXISTS (SELECT FROM archive.leaves l WHERE l.topic_no = r.topic_no AND l.partition = r.partition AND l."offset" = r."offset")
 ORDER BY r.recorded_at, r.produced_at, r.topic_no, r.partition, r."offset"
 LIMIT %(limit)s;

-- positions: How far the archive says it has come, and had come in topics that are no more.
SELECT topic, epoch, partition, next_offset FROM custodian.reached WHERE consumer = %s;

-- every_record: All records by coordinates, for verification.
SELECT r.topic_no, t.topic, t.epoch, r.partition, r."offset", r.sha256, r.value, r.ce_id, r.ce_type, r.subject, r.headers::text
  FROM archive.records r JOIN archive.topics t USING (topic_no)
 ORDER BY r.topic_no, r.partition, r."offset";

-- every_leaf: All leaves by index with the digest of their records, for verification.
SELECT l.index, coalesce(t.topic, l.topic_no::text), coalesce(t.epoch, 1), l.partition, l."offset", l.sha256, r.sha256
  FROM archive.leaves l
  LEFT JOIN archive.records r USING (topic_no, partition, "offset")
  LEFT JOIN archive.topics t ON t.topic_no = l.topic_no
 ORDER BY l.index;

-- records_between_leaves: Records without an index although a later one of their partition has one.
SELECT t.topic, t.epoch, r.partition, r."offset"
  FROM archive.records r
  JOIN archive.topics t USING (topic_no)
  LEFT JOIN archive.leaves l ON l.topic_no = r.topic_no AND l.partition = r.partition AND l."offset" = r."offset"
 WHERE l.index IS NULL
   AND r."offset" < (SELECT max(m."offset") FROM archive.leaves m WHERE m.topic_no = r.topic_no AND m.partition = r.partition)
 ORDER BY r.topic_no, r.partition, r."offset";

-- unsequenced: How many records wait for their index.
SELECT (SELECT count(*) FROM archive.records) - (SELECT count(*) FROM archive.leaves);

-- open_letters: Dead letters of ours that are neither requeued nor closed, by who wrote them, and since when the oldest is archived.
SELECT coalesce(o.source, 'unknown'), count(*), min(o.since)
  FROM (SELECT r.ce_id, min(r.recorded_at) AS since,
               min((SELECT h ->> 1 FROM json_array_elements(r.headers) h WHERE h ->> 0 = 'ce_source' LIMIT 1)) AS source
          FROM archive.records r
          JOIN archive.topics t USING (topic_no)
         WHERE r.ce_type = 'custody.dead-letter.v1' AND t.topic LIKE '%dead-letter.v1'
           AND r.ce_id ~ '^[0-9a-f]{32}$' -- our own: anybody can write into the topic
           AND strpos(r.headers::text, '\u0000') = 0 -- a NUL is archived as it is, and no text of PostgreSQL
           AND NOT EXISTS (SELECT FROM custodian.requeues q WHERE q.dead_letter_id = r.ce_id AND q.produced_at IS NOT NULL)
           AND NOT EXISTS (SELECT FROM custodian.closed_letters c WHERE c.dead_letter_id = r.ce_id)
         GROUP BY r.ce_id) o
 GROUP BY 1;

-- sequenced_until: Up to which offset, exclusive, the records of these topics have an index: as far as the archive can be run again.
SELECT t.topic, t.epoch, p.partition, coalesce((SELECT max(l."offset") + 1 FROM archive.leaves l WHERE l.topic_no = t.topic_no AND l.partition = p.partition), 0)
  FROM archive.topics t
  JOIN custodian.positions p ON p.topic = t.topic AND p.consumer = %(consumer)s
 WHERE t.topic = ANY (%(topics)s)
 ORDER BY 1, 2, 3;

-- records_in_order: Sequenced records as a consumer saw them: partition by partition, in the order of epochs and offsets within a topic. Topics
-- are merged by the times at which their records were produced; a time that goes back counts as the one before it.
SELECT o.topic, o.epoch, r.partition, r."offset", r.key, r.headers::text, r.value, r.sha256, o.made_at, r.recorded_at
  FROM (SELECT t.topic, t.epoch, r.topic_no, r.partition, r."offset",
               max(coalesce(r.produced_at, r.recorded_at)) OVER (PARTITION BY t.topic, r.partition ORDER BY t.epoch, r."offset") AS made_at
          FROM archive.records r
          JOIN archive.topics t USING (topic_no)
          JOIN archive.leaves l USING (topic_no, partition, "offset")
         WHERE t.topic = ANY (%(topics)s)) o
  JOIN archive.records r USING (topic_no, partition, "offset")
 ORDER BY r.partition, o.made_at, array_position(%(topics)s, o.topic), o.epoch, r."offset";

-- records_by_key: Sequenced records that a consumer has done, key by key, those of a key as `records_in_order` has them; a record without a
-- key is a key by itself. `ends` are the consumer's positions: what is beyond one is left out.
SELECT o.topic, o.epoch, r.partition, r."offset", r.key, r.headers::text, r.value, r.sha256, o.made_at, r.recorded_at
  FROM (SELECT t.topic, t.epoch, r.topic_no, r.partition, r."offset", r.key,
               max(coalesce(r.produced_at, r.recorded_at)) OVER (PARTITION BY t.topic, r.partition ORDER BY t.epoch, r."offset") AS made_at
          FROM archive.records r
          JOIN archive.topics t USING (topic_no)
          JOIN archive.leaves l USING (topic_no, partition, "offset")
          LEFT JOIN unnest(%(topics_of_ends)s::text[], %(epochs_of_ends)s::int[], %(partitions_of_ends)s::int[], %(ends)s::bigint[])
               AS e (topic, epoch, partition, next_offset) ON e.topic = t.topic AND e.epoch = t.epoch AND e.partition = r.partition
         WHERE t.topic = ANY (%(topics)s) AND (e.next_offset IS NULL OR r."offset" < e.next_offset)) o
  JOIN archive.records r USING (topic_no, partition, "offset")
 WHERE (%(key)s::bytea IS NULL OR o.key = %(key)s) AND (%(until)s::timestamptz IS NULL OR o.made_at < %(until)s)
 ORDER BY o.key NULLS FIRST, o.made_at, array_position(%(topics)s, o.topic), r.partition, o.epoch, r."offset";

-- published: The events of topics with all their copies, in the order of key, type and id.
SELECT r.key, r.ce_type, r.ce_id, array_agg(r.headers::text ORDER BY r.partition, t.epoch, r."offset") AS headers,
       array_agg(r.value ORDER BY r.partition, t.epoch, r."offset") AS copies, min(coalesce(r.produced_at, r.recorded_at)) AS at
  FROM archive.records r
  JOIN archive.topics t USING (topic_no)
 WHERE t.topic = ANY (%(topics)s) AND r.key IS NOT NULL AND r.ce_type IS NOT NULL AND r.ce_id IS NOT NULL
   AND (%(key)s::bytea IS NULL OR r.key = %(key)s)
 GROUP BY r.key, r.ce_type, r.ce_id
 ORDER BY r.key, r.ce_type COLLATE "C", r.ce_id COLLATE "C";

-- newest: When the newest records of these topics were produced.
SELECT max(coalesce(r.produced_at, r.recorded_at)) FROM archive.records r JOIN archive.topics t USING (topic_no) WHERE t.topic = ANY (%(topics)s);
