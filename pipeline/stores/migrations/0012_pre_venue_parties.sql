-- Which party each venue took us for when it was first asked. By it our side of an order is told; another answer later is an alarm and moves
-- nothing. Corrected by `own_parties` of the venue's section in the settings, never here.
CREATE TABLE custodian.venue_parties (
    venue     text        PRIMARY KEY,
    party_id  text        NOT NULL CHECK (party_id <> ''),
    pinned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE custodian.venue_parties IS 'The party that a venue named first; never updated.';
