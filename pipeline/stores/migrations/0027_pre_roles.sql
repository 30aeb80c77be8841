-- Each role has a login of its own (infra/decisions/0019): what it did to a table that is not its own goes through functions of the owner.

ALTER FUNCTION risk.tally() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- Note a look at this run of the server: open commands may have been sent, and with an alarm the database has gone back. That calls may begin
-- in this run only the role that makes them says, or who owns the tables.
CREATE FUNCTION custodian.note_run(
    found_lacking jsonb, id text, about text, moment timestamptz, correlation text, at_key text, said bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE commands.journal SET calls_before = calls_before + 1, last_call_at = coalesce(last_call_at, clock_timestamp())
     WHERE state IN ('journalled', 'sent') AND NOT shadow AND calls_open + calls_before = 0;
    IF said IS NOT NULL THEN
        IF octet_length(said) > 900000 OR convert_from(said, 'UTF8')::jsonb ->> 'kind' IS DISTINCT FROM 'database_regressed' THEN
            RAISE EXCEPTION 'this is another alarm' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        INSERT INTO custodian.outbox (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
        VALUES (id, 'alarm-raised.v1', '/supervisor', about, moment, correlation, NULL, at_key, said)
        ON CONFLICT (ce_id) DO NOTHING;
    END IF;
    IF pg_has_role(session_user, to_regrole(quote_ident(custodian.group_of('commands'))), 'USAGE')
       OR pg_has_role(session_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = 'custodian.incarnations'::regclass), 'USAGE') THEN
        INSERT INTO custodian.incarnations (started_at, database, system, anew, lacking)
        SELECT i.started_at, i.database, i.system, true, found_lacking FROM custodian.incarnation() AS i
        ON CONFLICT (started_at, database, system) DO UPDATE SET lacking = EXCLUDED.lacking, anew = true, looked_at = clock_timestamp();
    END IF;
END $$;

COMMENT ON FUNCTION custodian.note_run IS 'What a look at a run of the server leads to; any role may say that the database has gone back, and none that it has not but who calls.';
