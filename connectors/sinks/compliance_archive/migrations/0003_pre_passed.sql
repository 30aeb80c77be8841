-- What stands in Kafka's log where a partition has no record: marks that end transactions, and what a transaction took back. Kept with the
-- batch as it was, so that a missing offset is explained by bytes and never by a claim.

CREATE TABLE archive.passed (
    topic_no    smallint    NOT NULL,
    partition   integer     NOT NULL CHECK (partition >= 0),
    "offset"    bigint      NOT NULL CHECK ("offset" >= 0),
    last_offset bigint      NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('control', 'aborted')),
    recorded_at timestamptz NOT NULL,
    sha256      bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    batch       bytea       NOT NULL,
    PRIMARY KEY (topic_no, partition, "offset"),
    CHECK (last_offset >= "offset")
);

COMMENT ON TABLE archive.passed IS 'Offsets without a record, first to last, and the record batch of Kafka''s log that stands there, verbatim.';

CREATE TRIGGER passed_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON archive.passed
    FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON archive.passed FROM CURRENT_USER;

CREATE VIEW compliance.passed AS
SELECT t.topic, p.partition, p."offset", p.last_offset, p.kind, encode(p.sha256, 'hex') AS sha256, p.recorded_at, p.batch
  FROM archive.passed p JOIN archive.topics t USING (topic_no);
