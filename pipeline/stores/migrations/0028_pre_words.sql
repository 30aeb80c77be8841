-- What belief rests on cannot be written by who acts on it: a question is the one of its digest, and who answers for people reserves only what
-- they have approved (infra/decisions/0019).

-- Of what is there already nothing is said: every one of it was checked by who kept it.
ALTER TABLE risk.questions ADD CONSTRAINT questions_digest_check
    CHECK (context_sha256 = encode(sha256(convert_to(context, 'UTF8')), 'hex')) NOT VALID;

CREATE FUNCTION risk.reserve_what_people_approved() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT coalesce(pg_has_role(to_regrole(quote_ident(custodian.group_of('commands'))), 'USAGE'), false)
       OR coalesce(pg_has_role(to_regrole(quote_ident(custodian.group_of('risk'))), 'USAGE'), false) THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'reserved' AND (TG_OP = 'INSERT' OR OLD.state <> 'settled') THEN
        IF TG_OP = 'INSERT' OR OLD.state <> 'reserved' THEN
            NEW.reserved_at := clock_timestamp();
        ELSE
            NEW.reserved_at := OLD.reserved_at;
        END IF;
    ELSIF TG_OP = 'INSERT' OR NEW.state <> 'settled' OR OLD.state <> 'settled' OR NEW.reserved_at <> OLD.reserved_at THEN
        RAISE EXCEPTION '% of %.% is refused: who answers for people reserves, and nothing else', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM risk.referrals AS r
                    WHERE (r.venue, r.intent_id, r.state, r.agreed_verdict) = (NEW.venue, NEW.intent_id, 'agreed', 'approve')) THEN
        RAISE EXCEPTION '% of %.% is refused: people have not approved it', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

COMMENT ON FUNCTION risk.reserve_what_people_approved IS
    'Holds a login of `commands` that is not one of `risk` too; when an order began to count the clock of the database says.';

CREATE TRIGGER reserved_by_people BEFORE INSERT OR UPDATE ON risk.exposures
    FOR EACH ROW EXECUTE FUNCTION risk.reserve_what_people_approved();
