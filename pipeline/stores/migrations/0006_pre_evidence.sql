-- What a decision about a pending proposal of ours needs and the log holds: which snapshots are still to be read, which rates went out last.

CREATE TABLE custodian.ingest_evidence (
    venue           text  NOT NULL,
    intent_id       text  NOT NULL,
    source_currency text  NOT NULL,
    target_currency text  NOT NULL,
    snapshot        text  NOT NULL DEFAULT 'due' CHECK (snapshot IN ('due', 'read', 'absent', 'unreadable')),
    rates           jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (venue, intent_id)
) WITH (fillfactor = 50);

COMMENT ON TABLE custodian.ingest_evidence IS
    'One row while a proposal of ours is pending; rates: the provider''s time of the rate published last, by provider.';
