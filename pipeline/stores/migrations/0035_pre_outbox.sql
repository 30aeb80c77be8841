-- What may stand in the outbox, and what a role may put there: one row that could not be published kept everybody's acts from being published.

SET LOCAL lock_timeout = '10s';

-- What is there already was put there by a release before, and is published as far as it can be; no row is read here.
ALTER TABLE custodian.outbox
    ADD CONSTRAINT outbox_at_check CHECK (at >= '0001-01-02 00:00:00+00' AND at < '9999-12-30 00:00:00+00') NOT VALID,
    ADD CONSTRAINT outbox_kind_check CHECK (kind IN (
        'decision-made.v1', 'operator-acted.v1', 'policy-activated.v1', 'order-updated.v1', 'quote-received.v1', 'compliance-read.v1',
        'order-settled.v1', 'alarm-raised.v1')) NOT VALID,
    ADD CONSTRAINT outbox_size_check CHECK (
        length(ce_id) BETWEEN 1 AND 512 AND length(source) BETWEEN 1 AND 512 AND octet_length(subject) BETWEEN 1 AND 2048
        AND octet_length(correlation_id) BETWEEN 1 AND 2048 AND coalesce(octet_length(causation_id), 0) <= 2048
        AND octet_length(key) BETWEEN 1 AND 2048 AND octet_length(value) <= 950000) NOT VALID;

-- Put an event into the outbox; one that is there already stays as it is, and another event under its id is an error.
CREATE FUNCTION custodian.put_event(
    event_id text, of_kind text, from_source text, about text, moment timestamptz, correlation text, causation text, at_key text, said bytea)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO custodian.outbox (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
    VALUES (event_id, of_kind, from_source, about, moment, correlation, causation, at_key, said)
    ON CONFLICT (ce_id) DO NOTHING;
    IF NOT FOUND AND NOT EXISTS (
        SELECT FROM custodian.outbox AS o
         WHERE o.ce_id = event_id AND (o.kind, o.source, o.subject, o.key, o.value) = (of_kind, from_source, about, at_key, said)) THEN
        RAISE EXCEPTION 'another event stands in the outbox under the id % of this %', event_id, of_kind USING ERRCODE = 'data_corrupted';
    END IF;
END $$;

-- Put an OperatorActed into the outbox, in the spelling of pipeline.log.codec.encode.
CREATE OR REPLACE FUNCTION custodian.note_act(event_id text, about text, correlation text, causation text, moment timestamptz, said json) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT custodian.put_event(event_id, 'operator-acted.v1', '/operators', about, moment, correlation, causation, about,
                               convert_to(json_strip_nulls(said)::text, 'UTF8'))
$$;

-- Put a policy in force, under the lock of policies that the caller holds, with its event in the outbox; return its row.
CREATE OR REPLACE FUNCTION risk.activate(bytes bytea, of_name text, of_version integer, people text[], who text, label text, why text)
RETURNS risk.activations
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    digest text := encode(sha256(bytes), 'hex');
    known  risk.policies;
    before text := (SELECT a.sha256 FROM risk.activations AS a ORDER BY a.activation_id DESC LIMIT 1);
    made   risk.activations;
BEGIN
    BEGIN
        INSERT INTO risk.policies (sha256, name, version, content) VALUES (digest, of_name, of_version, bytes) ON CONFLICT (sha256) DO NOTHING;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'version % of the policy % was active with other bytes; give the changed one a new version', of_version, of_name
            USING ERRCODE = 'invalid_parameter_value';
    END;
    SELECT * INTO known FROM risk.policies AS p WHERE p.sha256 = digest;
    IF (known.name, known.version) <> (of_name, of_version) THEN
        RAISE EXCEPTION 'these bytes are the policy %, version %', known.name, known.version USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO risk.activations (sha256, agreed_by, login, address, named, reason, at)
    VALUES (digest, people, who, inet_client_addr(), label, why, clock_timestamp()) RETURNING * INTO made;
    -- With the moment in it, nobody knows the id before.
    PERFORM custodian.put_event(
        custodian.derive_id('policy_activated', made.activation_id::text, digest, custodian.time_text(made.at)), 'policy-activated.v1',
        '/operators', of_name, made.at, custodian.derive_id('correlation', '', 'policy'), NULL, of_name,
        convert_to(json_strip_nulls(json_build_object(
            'name', of_name, 'version', of_version, 'sha256', digest, 'content', convert_from(bytes, 'UTF8'), 'replaces', before,
            'agreed_by', people, 'login', who, 'address', host(inet_client_addr()), 'by', label, 'reason', why,
            'at', custodian.time_text(made.at)))::text, 'UTF8'));
    RETURN made;
END $$;

-- What roles that make no calls have noted of each run of the server.
CREATE TABLE custodian.looks (
    started_at timestamptz NOT NULL,
    database   oid         NOT NULL,
    system     bigint      NOT NULL,
    login      text        NOT NULL,
    -- The digest of what was lacking.
    lacking    text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (started_at, database, system, login)
);

COMMENT ON TABLE custodian.looks IS 'Which login has noted in which run of the server that something is lacking: none notes the same again.';

DROP FUNCTION IF EXISTS custodian.note_run(jsonb, text, text, timestamptz, text, text, bytea);

-- Note a look at this run of the server: open commands may have been sent, and where something is lacking the database has gone back, which an
-- alarm says once everything is halted. That calls may begin in this run only the role that makes them says, or who owns the tables. Another
-- role notes nothing twice: something else within a minute, or nothing new, is left.
CREATE FUNCTION custodian.note_run(found_lacking jsonb, told text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    calls  boolean := pg_has_role(session_user, to_regrole(quote_ident(custodian.group_of('commands'))), 'USAGE')
        OR pg_has_role(session_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = 'custodian.incarnations'::regclass), 'USAGE');
    halted text;
    facts  text[];
    id     text;
    moment timestamptz := clock_timestamp();
BEGIN
    IF jsonb_typeof(found_lacking) IS DISTINCT FROM 'array' OR pg_column_size(found_lacking) > 1000000 OR told IS NULL
       OR jsonb_array_length(found_lacking) <> cardinality(told) THEN
        RAISE EXCEPTION 'this says nothing of what is lacking' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT calls AND told = '{}' THEN
        IF EXISTS (SELECT FROM custodian.incarnations AS k JOIN custodian.incarnation() AS i USING (started_at, database, system)) THEN
            RETURN;
        END IF;
    ELSIF NOT calls THEN
        INSERT INTO custodian.looks AS l (started_at, database, system, login, lacking)
        SELECT i.started_at, i.database, i.system, session_user, encode(sha256(convert_to(found_lacking::text, 'UTF8')), 'hex')
          FROM custodian.incarnation() AS i
        ON CONFLICT (started_at, database, system, login) DO UPDATE SET lacking = EXCLUDED.lacking, at = EXCLUDED.at
         WHERE l.lacking <> EXCLUDED.lacking AND l.at < EXCLUDED.at - interval '1 minute';
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    UPDATE commands.journal SET calls_before = calls_before + 1, last_call_at = coalesce(last_call_at, clock_timestamp())
     WHERE state IN ('journalled', 'sent') AND NOT shadow AND calls_open + calls_before = 0;
    IF told <> '{}' THEN
        SELECT h.halt_id::text INTO halted FROM commands.halts AS h
         WHERE h.venue IS NULL AND h.pair IS NULL AND h.resumed_at IS NULL ORDER BY h.halt_id LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'whoever finds that the database has gone back halts everything first' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        -- Who looks next finds forgotten halts in force again, and the same positions behind, further ones.
        SELECT array_agg(concat_ws(' ', e ->> 0, e ->> 1, e ->> 2, e ->> 4) ORDER BY place) INTO facts
          FROM jsonb_array_elements(found_lacking) WITH ORDINALITY AS each (e, place)
         WHERE e ->> 0 <> 'halt' OR NOT EXISTS (SELECT FROM jsonb_array_elements(found_lacking) AS o (e) WHERE o.e ->> 0 <> 'halt');
        id := custodian.derive_id(VARIADIC ARRAY['alarm', 'database_regressed', NULL, 'postgres', halted] || facts);
        IF NOT EXISTS (SELECT FROM custodian.outbox AS o WHERE o.ce_id = id AND o.kind = 'alarm-raised.v1') THEN
            PERFORM custodian.put_event(
                id, 'alarm-raised.v1', '/supervisor', 'postgres', moment, custodian.derive_id('correlation', '', 'postgres'), NULL, 'postgres',
                convert_to(json_build_object(
                    'alarm_id', id, 'kind', 'database_regressed', 'severity', 'critical', 'subject', 'postgres',
                    'raised_at', custodian.time_text(moment), 'detail', json_build_object(
                        'reason', left('the database has gone back: ' || told[1], 4096), 'lacking', left(array_to_string(told, '; '), 4096))
                )::text, 'UTF8'));
        END IF;
    END IF;
    IF calls THEN
        INSERT INTO custodian.incarnations (started_at, database, system, anew, lacking)
        SELECT i.started_at, i.database, i.system, true, found_lacking FROM custodian.incarnation() AS i
        ON CONFLICT (started_at, database, system) DO UPDATE SET lacking = EXCLUDED.lacking, anew = true, looked_at = clock_timestamp();
    END IF;
END $$;

COMMENT ON FUNCTION custodian.note_run IS 'What a look at a run of the server leads to; any role may say that the database has gone back, and none that it has not but who calls.';

REVOKE ALL ON FUNCTION
    custodian.put_event(text, text, text, text, timestamptz, text, text, text, bytea), custodian.note_run(jsonb, text[]) FROM PUBLIC;
