-- What ingest has not whole yet and reads again until it is; how far the sweep over all that a venue lists has come.

CREATE TABLE custodian.ingest_unfinished (
    venue     text        NOT NULL,
    intent_id text        NOT NULL,
    status    text        NOT NULL,
    lacking   text        NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (venue, intent_id)
);

COMMENT ON TABLE custodian.ingest_unfinished IS
    'Orders that a hint named and the record has not shown, whose SETTLED lacks terms, or that cannot be read: kept until they are whole.';

-- Settlements without a hash that earlier releases have seen and never read again.
INSERT INTO custodian.ingest_unfinished (venue, intent_id, status, lacking, since)
SELECT bare.venue, bare.intent_id, 'SETTLED', 'incomplete', min(bare.recorded_at)
  FROM custodian.ingest_facts AS bare
 WHERE bare.status = 'SETTLED' AND bare.transaction_hash IS NULL
   AND NOT EXISTS (SELECT FROM custodian.ingest_facts AS whole
                    WHERE whole.venue = bare.venue AND whole.intent_id = bare.intent_id
                      AND whole.status = 'SETTLED' AND whole.transaction_hash IS NOT NULL)
 GROUP BY bare.venue, bare.intent_id;

ALTER TABLE custodian.ingest_cursors
    ADD COLUMN sweep_page integer,
    ADD COLUMN sweep_pages integer,
    ADD COLUMN sweep_began_at timestamptz,
    ADD COLUMN sweep_ended_at timestamptz;

ALTER TABLE custodian.venues
    ADD COLUMN trouble text,
    ADD COLUMN sweep_page integer,
    ADD COLUMN sweep_pages integer,
    ADD COLUMN sweep_began_at timestamptz,
    ADD COLUMN sweep_ended_at timestamptz,
    ADD COLUMN unfinished bigint,
    ADD COLUMN unfinished_since timestamptz;
