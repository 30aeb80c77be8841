-- The key without the venue: of one order seen through two venues it let only one leg into the books. The new one leads with the same columns.
DROP INDEX ledger.settlement_is_booked_once;
