-- The key without venue and side: it let an order book one of its legs only. Nobody looks anything up by it since 0002.
DROP INDEX ledger.settlement_is_booked_once;
