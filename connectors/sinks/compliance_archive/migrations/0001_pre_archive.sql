-- The evidence: every record of every topic with its bytes as they were, and one sequence over all of them. Nothing is edited.

CREATE TABLE archive.topics (
    topic_no smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic    text     NOT NULL UNIQUE
);

CREATE TABLE archive.records (
    topic_no    smallint    NOT NULL,
    partition   integer     NOT NULL CHECK (partition >= 0),
    "offset"    bigint      NOT NULL CHECK ("offset" >= 0),
    produced_at timestamptz,
    recorded_at timestamptz NOT NULL,
    ce_id       text,
    ce_type     text,
    subject     text,
    sha256      bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    key         bytea,
    -- [[name, text]…] in order; [name, {"base64": "…"}] where the bytes are no UTF-8, [name, null] where there are none. json, not jsonb:
    -- it is kept as written.
    headers     json        NOT NULL,
    value       bytea       NOT NULL,
    PRIMARY KEY (topic_no, partition, "offset")
    -- Events are a few KiB. Compressing each costs more than all the rest of archiving it, so only what is over 8 KiB leaves the row.
) WITH (toast_tuple_target = 8160);

COMMENT ON TABLE archive.records IS 'Records of Kafka, verbatim; sha256 is of the value bytes, computed by us when we saw them.';

CREATE INDEX records_by_subject ON archive.records (subject);
-- Alarms and dead letters are looked up by themselves and are few.
CREATE INDEX notices ON archive.records (ce_type, ce_id) WHERE ce_type IN ('custody.alarm-raised.v1', 'custody.dead-letter.v1');

-- The order of all records; a row is added by the one sequencer and never changed, so that a Merkle log can stand on it.
CREATE TABLE archive.leaves (
    index        bigint      PRIMARY KEY CHECK (index >= 0),
    topic_no     smallint    NOT NULL,
    partition    integer     NOT NULL,
    "offset"     bigint      NOT NULL,
    sha256       bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    sequenced_at timestamptz NOT NULL,
    UNIQUE (topic_no, partition, "offset")
);

COMMENT ON TABLE archive.leaves IS 'One row per record: index counts from 0 without gaps, in the order of offsets within a partition.';

CREATE FUNCTION archive.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: the archive only grows', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER topics_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON archive.topics
    FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
CREATE TRIGGER records_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON archive.records
    FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
CREATE TRIGGER leaves_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON archive.leaves
    FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON archive.topics, archive.records, archive.leaves FROM CURRENT_USER;

-- What compliance reads.
CREATE VIEW compliance.records AS
SELECT l.index, t.topic, r.partition, r."offset", r.ce_id, r.ce_type, r.subject, encode(r.sha256, 'hex') AS sha256, r.recorded_at,
       r.produced_at, r.key, r.headers, r.value AS body
  FROM archive.records r
  JOIN archive.topics t USING (topic_no)
  LEFT JOIN archive.leaves l ON l.topic_no = r.topic_no AND l.partition = r.partition AND l."offset" = r."offset";
