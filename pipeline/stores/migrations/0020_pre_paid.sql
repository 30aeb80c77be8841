-- What was paid for an order that the venue shows as settled, for an approval that is read after that.

ALTER TABLE risk.ended ADD COLUMN source_amount numeric CHECK (source_amount > 0);
