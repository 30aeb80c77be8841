-- What ingest keeps: who speaks for a venue, how far it has come, which facts the log holds, and the venue's request budget.

CREATE TABLE custodian.leases (
    name       text        PRIMARY KEY,
    owner      text        NOT NULL,
    epoch      bigint      NOT NULL,
    expires_at timestamptz NOT NULL,
    taken_at   timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 20);

COMMENT ON TABLE custodian.leases IS 'One owner at a time by the clock of this database; the epoch grows with every owner.';

CREATE TABLE custodian.ingest_cursors (
    venue          text        PRIMARY KEY,
    epoch          bigint      NOT NULL,
    last_event_id  text,
    settled_until  timestamptz,
    created_until  timestamptz,
    backfill_page  integer,
    reconciled_at  timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 20);

COMMENT ON TABLE custodian.ingest_cursors IS 'What is acknowledged by Kafka; settled_until and created_until are times of the venue.';

-- Facts that the log holds from the venue's record (or from a hint that stated everything): what reconciliation need not publish again.
CREATE TABLE custodian.ingest_facts (
    venue            text        NOT NULL,
    intent_id        text        NOT NULL,
    ce_id            text        NOT NULL,
    status           text        NOT NULL,
    transaction_hash text,
    recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (venue, intent_id, ce_id)
);

CREATE INDEX ingest_facts_recorded ON custodian.ingest_facts (venue, recorded_at DESC);

CREATE TABLE custodian.ingest_open (
    venue     text NOT NULL,
    intent_id text NOT NULL,
    PRIMARY KEY (venue, intent_id)
);

COMMENT ON TABLE custodian.ingest_open IS 'Orders that were open in the venue''s record when last seen: those no longer listed are read one by one.';

CREATE TABLE custodian.venues (
    venue              text        PRIMARY KEY,
    connected          boolean     NOT NULL DEFAULT false,
    last_byte_at       timestamptz,
    last_reconciled_at timestamptz,
    owner              text,
    updated_at         timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 20);

COMMENT ON TABLE custodian.venues IS 'How the ingest of each venue is, as its owner last wrote it.';

-- The generic cell rate algorithm in one row: `arrival` is the theoretical arrival time of the next request, by this database's clock.
CREATE TABLE custodian.request_budgets (
    venue   text             PRIMARY KEY,
    arrival double precision NOT NULL
) WITH (fillfactor = 20);

COMMENT ON TABLE custodian.request_budgets IS 'Seconds since 1970 up to which the requests to a venue are spent, over all processes.';
