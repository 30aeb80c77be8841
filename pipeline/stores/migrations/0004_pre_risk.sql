-- What the risk processor remembers: orders that it was asked about and what became of them, and its answers.

CREATE SCHEMA IF NOT EXISTS risk;

CREATE TABLE risk.exposures (
    venue                 text        NOT NULL,
    intent_id             text        NOT NULL,
    state                 text        NOT NULL CHECK (state IN ('asked', 'declined', 'reserved', 'released', 'settled')),
    pair                  text        NOT NULL,
    source_currency       text        NOT NULL,
    target_currency       text        NOT NULL,
    sender_party_id       text,
    receiver_party_id     text,
    market_maker_party_id text,
    quote_id              text,
    target_amount         numeric     CHECK (target_amount > 0),
    source_amount_max     numeric     CHECK (source_amount_max > 0),
    source_amount         numeric     CHECK (source_amount > 0),
    asked_at              timestamptz NOT NULL,
    reserved_at           timestamptz,
    accepted_by           text,
    signed_by             text,
    refused               text[]      NOT NULL DEFAULT '{}',
    updated_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (venue, intent_id),
    CHECK (reserved_at IS NOT NULL OR state NOT IN ('reserved', 'settled'))
) WITH (fillfactor = 70);  -- each row is updated a few times and then rests

COMMENT ON TABLE risk.exposures IS 'One row per order that was asked about. Limits are sums over these rows; amounts are as the venue states them.';
COMMENT ON COLUMN risk.exposures.accepted_by IS 'The decision that reserved; a refusal of an earlier one, read late, releases nothing.';
COMMENT ON COLUMN risk.exposures.refused IS 'Decisions whose accept the venue refused: they reserve no more, in whatever order the news arrives.';

CREATE INDEX exposures_open ON risk.exposures (venue) WHERE state = 'reserved';
CREATE INDEX exposures_by_time ON risk.exposures (venue, reserved_at) WHERE state IN ('reserved', 'settled');
CREATE INDEX exposures_by_sender ON risk.exposures (venue, sender_party_id, reserved_at) WHERE state IN ('reserved', 'settled');
CREATE INDEX exposures_by_receiver ON risk.exposures (venue, receiver_party_id, reserved_at) WHERE state IN ('reserved', 'settled');
CREATE INDEX exposures_alike ON risk.exposures (venue, sender_party_id, receiver_party_id, asked_at);

CREATE TABLE risk.ended (
    venue     text        NOT NULL,
    intent_id text        NOT NULL,
    status    text        NOT NULL,
    noted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (venue, intent_id)
);

COMMENT ON TABLE risk.ended IS 'Orders that the venue shows as ended, kept also when nobody has asked yet: a question may arrive after its order''s end.';

CREATE TABLE risk.decisions (
    request_id     text        NOT NULL,
    context_sha256 text        NOT NULL,
    decision_id    text        NOT NULL UNIQUE,
    venue          text        NOT NULL,
    intent_id      text        NOT NULL,
    question       text        NOT NULL,
    verdict        text        NOT NULL,
    decision       text        NOT NULL,
    quotes         jsonb       NOT NULL DEFAULT '{}',
    decided_at     timestamptz NOT NULL,
    PRIMARY KEY (request_id, context_sha256)
);

COMMENT ON TABLE risk.decisions IS 'Answers, committed before they are published: a question that is read again after a crash gets the same bytes.';
CREATE INDEX decisions_by_intent ON risk.decisions (venue, intent_id);
