-- Each epoch of a topic has a number of its own, so records, leaves and what was passed over stay as they are and never meet those of another.

ALTER TABLE archive.topics ADD COLUMN epoch integer NOT NULL DEFAULT 1 CHECK (epoch >= 1);
ALTER TABLE archive.topics ADD CONSTRAINT topic_in_its_epoch UNIQUE (topic, epoch);
ALTER TABLE archive.topics DROP CONSTRAINT topics_topic_key;

COMMENT ON COLUMN archive.topics.epoch IS 'How often a topic of this name was made, with this one (infra/decisions/0020).';

CREATE OR REPLACE VIEW compliance.records AS
SELECT l.index, t.topic, r.partition, r."offset", r.ce_id, r.ce_type, r.subject, encode(r.sha256, 'hex') AS sha256, r.recorded_at,
       r.produced_at, r.key, r.headers, r.value AS body, t.epoch
  FROM archive.records r
  JOIN archive.topics t USING (topic_no)
  LEFT JOIN archive.leaves l ON l.topic_no = r.topic_no AND l.partition = r.partition AND l."offset" = r."offset";

CREATE OR REPLACE VIEW compliance.passed AS
SELECT t.topic, p.partition, p."offset", p.last_offset, p.kind, encode(p.sha256, 'hex') AS sha256, p.recorded_at, p.batch, t.epoch
  FROM archive.passed p JOIN archive.topics t USING (topic_no);

CREATE VIEW compliance.topics AS
SELECT r.topic, r.epoch, r.topic_id, min(p.ended_at) AS ended_at, min(p.act_id) AS act_id
  FROM custodian.reached r
  LEFT JOIN custodian.past_positions p USING (consumer, topic, epoch, partition)
 WHERE r.consumer = 'archive'
 GROUP BY r.topic, r.epoch, r.topic_id;

COMMENT ON VIEW compliance.topics IS 'Kafka''s id of every epoch of every topic, and by which act it was followed by the next.';
