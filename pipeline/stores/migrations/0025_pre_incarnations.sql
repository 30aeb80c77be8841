-- Runs of the server in which somebody has looked whether the database holds all that was committed (infra/decisions/0018). One that is not in
-- here may be a standby or a backup that lacks the last commits: nothing is sent before it was looked at.

CREATE TABLE custodian.incarnations (
    started_at timestamptz NOT NULL,
    -- The database's own number: one that was restored beside or over another has a new one.
    database   oid         NOT NULL,
    system     bigint      NOT NULL,
    -- False for the run in which the tables were made: nothing was sent before it.
    anew       boolean     NOT NULL,
    looked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Where Kafka knew of commits that the tables did not hold: [[consumer, topic, partition, stored, committed]…]
    lacking    jsonb       NOT NULL,
    PRIMARY KEY (started_at, database, system)
);

COMMENT ON TABLE custodian.incarnations IS 'Each run of the server that was looked at before a call left, and what it lacked.';

CREATE FUNCTION custodian.incarnation(OUT started_at timestamptz, OUT database oid, OUT system bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_postmaster_start_time(), (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
           (SELECT c.system_identifier FROM pg_control_system() AS c)
$$;

INSERT INTO custodian.incarnations (started_at, database, system, anew, lacking)
SELECT i.started_at, i.database, i.system, false, '[]' FROM custodian.incarnation() AS i;
