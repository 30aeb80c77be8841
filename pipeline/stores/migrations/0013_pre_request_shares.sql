-- What of a venue's request cap is whose: accept calls go first, but ingest keeps a share while it waits. Older code leaves both columns alone.

ALTER TABLE custodian.request_budgets ADD COLUMN accepts      double precision NOT NULL DEFAULT 0;
ALTER TABLE custodian.request_budgets ADD COLUMN others_until double precision NOT NULL DEFAULT 0;

COMMENT ON COLUMN custodian.request_budgets.accepts      IS 'Seconds since 1970 up to which the share of accept calls and their readings is spent.';
COMMENT ON COLUMN custodian.request_budgets.others_until IS 'Seconds since 1970 until which other requests are known to wait for a permit.';
