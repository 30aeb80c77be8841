-- A settlement is booked once per venue and leg: one order seen through two venues of the settings has an entry for each side of ours, and two
-- venues whose ids are equal are kept apart. An entry on both sides stands in the way of either leg alone, so each leg has an index: the
-- first one holds sources (with "both"), and targets apart from them; the second one holds targets with "both". Entries stay as they are.
CREATE UNIQUE INDEX leg_is_booked_once ON ledger.entries (intent_id, transaction_hash, venue, (side = 'receiver')) WHERE kind = 'settlement';
CREATE UNIQUE INDEX target_leg_is_booked_once ON ledger.entries (intent_id, transaction_hash, venue)
    WHERE kind = 'settlement' AND side <> 'sender';
