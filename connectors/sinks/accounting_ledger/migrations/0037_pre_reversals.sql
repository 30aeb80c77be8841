-- What who books may add to the books: settlements, at the time at which they are booked. Everything else is the owner's.

CREATE FUNCTION ledger.book_settlements() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    IF NEW.kind <> 'settlement' THEN
        RAISE EXCEPTION '% of a % into %.% is refused: who books adds settlements', TG_OP, NEW.kind, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.recorded_at := clock_timestamp();
    RETURN NEW;
END $$;

COMMENT ON FUNCTION ledger.book_settlements() IS
    'Holds who is not the owner to settlements; a time of booking that is not now by the clock of the database is now.';

-- The condition costs a settlement of now next to nothing: no function is called for it.
CREATE TRIGGER settlements_are_booked BEFORE INSERT ON ledger.entries FOR EACH ROW
    WHEN (NEW.kind <> 'settlement' OR NEW.recorded_at < clock_timestamp() - interval '1 minute' OR NEW.recorded_at > clock_timestamp() + interval '1 minute')
    EXECUTE FUNCTION ledger.book_settlements();

CREATE OR REPLACE FUNCTION ledger.entry_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_legs bigint;
    balanced boolean;
BEGIN
    SELECT sum(s.legs), bool_and(s.total = 0) INTO found_legs, balanced
      FROM (SELECT count(*) AS legs, sum(CASE p.side WHEN 'debit' THEN p.amount ELSE -p.amount END) AS total
              FROM ledger.postings p WHERE p.entry_id = NEW.entry_id GROUP BY p.currency, p.scale) s;
    IF found_legs IS DISTINCT FROM NEW.legs OR balanced IS NOT TRUE THEN
        RAISE EXCEPTION 'the entry % has % of % postings or does not balance', NEW.entry_id, coalesce(found_legs, 0), NEW.legs
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.reverses IS NOT NULL AND (
        EXISTS (SELECT account_id, currency, scale, amount, side FROM ledger.postings WHERE entry_id = NEW.entry_id
                EXCEPT ALL
                SELECT account_id, currency, scale, amount, CASE side WHEN 'debit' THEN 'credit' ELSE 'debit' END FROM ledger.postings
                 WHERE entry_id = NEW.reverses)
        OR NOT EXISTS (SELECT FROM ledger.entries e WHERE (e.entry_id, e.legs, e.venue, e.intent_id) = (NEW.reverses, NEW.legs, NEW.venue, NEW.intent_id)))
    THEN
        RAISE EXCEPTION 'the reversal % is not the entry % turned around', NEW.entry_id, NEW.reverses USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

COMMENT ON FUNCTION ledger.entry_is_whole() IS
    'Holds at commit that an entry has all its postings, that they balance per currency, and that a reversal has those of its entry turned around.';
