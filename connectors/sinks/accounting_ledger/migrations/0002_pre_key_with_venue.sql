-- A settlement is booked once per venue: one order that two venues of the settings show, one to the sender's custodian and one to the
-- receiver's, has an entry at each for the leg that is ours there, and two venues whose ids are equal are kept apart. At one venue an order
-- has one side of ours, which may be both and is then one entry; a settlement with another side there is refused as a conflict.
CREATE UNIQUE INDEX settlement_is_booked_once_per_venue ON ledger.entries (intent_id, transaction_hash, venue) WHERE kind = 'settlement';
