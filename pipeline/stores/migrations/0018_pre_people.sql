-- People are logins of PostgreSQL (infra/decisions/0016): what one says is written by a function that asks the server who speaks, and by nothing else.

CREATE SCHEMA people;
COMMENT ON SCHEMA people IS 'What people do: the only functions that their logins call. Each writes login, address and time itself.';
-- To halt is everybody's who can connect; the other functions belong to groups, which are named after the database.
GRANT USAGE ON SCHEMA people TO PUBLIC;

CREATE TABLE custodian.people (
    -- Lower case and ASCII: no two of them look alike.
    login      text        PRIMARY KEY CHECK (login ~ '^[a-z0-9]([a-z0-9_.@-]{0,61}[a-z0-9])?$'),
    -- Who that is for an identity provider; null while PostgreSQL alone knows them.
    issuer     text,
    subject    text,
    added_by   text        NOT NULL DEFAULT session_user,
    added_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_by text,
    removed_at timestamptz,
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    CHECK ((removed_at IS NULL) = (removed_by IS NULL)),
    UNIQUE (issuer, subject)
);

COMMENT ON TABLE custodian.people IS 'Who counts as a person here, one login each; a row stays when its login is removed, and so does the name.';

-- What two people agree upon, such as the end of a halt. What is counted is a login's word about exactly what was shown.
CREATE TABLE custodian.agreements (
    act          text        NOT NULL CHECK (act <> ''),
    about        text        NOT NULL CHECK (about <> ''),
    shown_sha256 text        NOT NULL CHECK (shown_sha256 ~ '^[0-9a-f]{64}$'),
    login        text        NOT NULL REFERENCES custodian.people,
    address      inet,
    issuer       text,
    subject      text,
    named        text        NOT NULL,
    reason       text        NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (act, about, shown_sha256, login, at)
);

COMMENT ON TABLE custodian.agreements IS 'What people said to an act that takes two of them; one that nobody joined within the hour counts no more.';

CREATE TRIGGER agreements_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custodian.agreements
    FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change();

ALTER TABLE risk.approvals
    ADD COLUMN login   text REFERENCES custodian.people,
    ADD COLUMN address inet,
    ADD COLUMN issuer  text,
    ADD COLUMN subject text;

CREATE UNIQUE INDEX one_word_per_login ON risk.approvals (decision_id, login);

COMMENT ON TABLE risk.approvals IS 'What each person said, once per referral: `login` is who that is, `named` what was typed. A row without a login is of an '
    'older release: it stays as evidence, and is not counted for what is pending.';

CREATE TRIGGER approvals_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON risk.approvals
    FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change();

ALTER TABLE commands.halts
    ADD COLUMN login           text,
    ADD COLUMN address         inet,
    ADD COLUMN resumed_login   text,
    ADD COLUMN resumed_address inet;

-- The id that pipeline.log.envelope.derive_id gives the same facts.
CREATE FUNCTION custodian.derive_id(VARIADIC facts text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT substr(encode(sha256(string_agg(coalesce(convert_to(fact, 'UTF8'), '\x00'::bytea), '\x1e'::bytea ORDER BY place)), 'hex'), 1, 32)
      FROM unnest(facts) WITH ORDINALITY AS each (fact, place)
$$;

-- A time as pipeline.log.envelope.time_text writes it.
CREATE FUNCTION custodian.time_text(moment timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Put an OperatorActed into the outbox, in the spelling of pipeline.log.codec.encode.
CREATE FUNCTION custodian.note_act(event_id text, about text, correlation text, causation text, moment timestamptz, said json) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO custodian.outbox (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
    VALUES (event_id, 'operator-acted.v1', '/operators', about, moment, correlation, causation, about,
            convert_to(json_strip_nulls(said)::text, 'UTF8'))
    ON CONFLICT (ce_id) DO NOTHING
$$;

-- Whether a login can write what people's words are counted in, itself or as a role that it may take, or make a login that can speak for it.
CREATE FUNCTION custodian.can_write(asked name) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_roles AS r
                    WHERE pg_has_role(asked, r.oid, 'MEMBER')
                      AND (r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls
                           OR EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                                       WHERE n.nspname IN ('custodian', 'risk', 'commands') AND c.relkind IN ('r', 'p')
                                         AND (pg_has_role(r.oid, c.relowner, 'MEMBER') OR pg_has_role(r.oid, n.nspowner, 'MEMBER')
                                              OR has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
                                              OR has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE')))))
        OR EXISTS (SELECT FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member WHERE r.rolname = asked AND m.admin_option)
$$;

-- Check what a person typed beside what the server knows.
CREATE FUNCTION custodian.check_words(label text, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF label IS NULL OR btrim(label) = '' OR length(label) > 200
       OR label ~ '[\u0001-\u001F\u007F-\u009F\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]' THEN
        RAISE EXCEPTION 'the name of who acts is empty, too long, or has characters that cannot be seen' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF why IS NULL OR length(why) > 4000 THEN
        RAISE EXCEPTION 'the reason is longer than 4000 characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;

-- Return the person whose login this session has; refuse one that is none. Its row is kept from being removed until this transaction ends.
CREATE FUNCTION custodian.who_speaks(label text, why text) RETURNS custodian.people
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person custodian.people;
BEGIN
    -- In a stricter isolation the words of others that were said meanwhile would not be seen, and not counted.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'people speak in a read committed transaction' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF custodian.can_write(session_user) THEN
        RAISE EXCEPTION 'the login % can write the tables, or make logins, so it is not counted as a person', session_user
            USING ERRCODE = 'insufficient_privilege', HINT = 'make a login with `custodian people add NAME --may approve`, and act with --login NAME';
    END IF;
    SELECT * INTO person FROM custodian.people AS p WHERE p.login = session_user AND p.removed_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the login % is none of a person here', session_user
            USING ERRCODE = 'insufficient_privilege', HINT = 'make a login with `custodian people add NAME --may approve`, and act with --login NAME';
    END IF;
    PERFORM custodian.check_words(label, why);
    RETURN person;
END $$;

-- Make a login a person, in these groups beside those it has. One that the server has for other reasons keeps its password; one that was
-- removed before gets the new one. For who administers logins; the secret is a SCRAM verifier, never a password.
CREATE FUNCTION custodian.add_person(person text, secret text, VARIADIC may text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one text;
BEGIN
    IF secret !~ '^SCRAM-SHA-256\$' THEN
        RAISE EXCEPTION 'the secret is no verifier' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO custodian.people AS p (login) VALUES (person) ON CONFLICT (login) DO NOTHING;
    IF to_regrole(quote_ident(person)) IS NULL THEN
        EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %L', person, secret);
    ELSIF EXISTS (SELECT FROM custodian.people AS p WHERE p.login = person AND p.removed_at IS NOT NULL) THEN
        EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', person, secret);
    ELSIF NOT (SELECT r.rolcanlogin FROM pg_roles AS r WHERE r.rolname = person) THEN
        RAISE EXCEPTION '% is a role that cannot log in, so it is nobody', person USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF custodian.can_write(person) THEN
        RAISE EXCEPTION 'the login % can write the tables, or make logins, so it cannot be a person; choose another name', person
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH one IN ARRAY may LOOP
        EXECUTE format('GRANT %I TO %I', custodian.group_of(one), person);
    END LOOP;
    UPDATE custodian.people AS p SET removed_at = NULL, removed_by = NULL, added_at = clock_timestamp(), added_by = session_user
     WHERE p.login = person AND p.removed_at IS NOT NULL;
END $$;

-- What a login may do here, by the groups that it was put into.
CREATE FUNCTION custodian.may(person text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT one FROM unnest(ARRAY['view', 'approve', 'operate', 'account', 'comply']) WITH ORDINALITY AS each (one, place)
                  WHERE EXISTS (SELECT FROM pg_auth_members AS m
                                 WHERE m.roleid = to_regrole(quote_ident(custodian.group_of(one)))
                                   AND m.member = to_regrole(quote_ident(person)))
                  ORDER BY place)
$$;

-- Take every right of a person at once, of sessions that are open too. The login is closed where no other group of the server holds it; its
-- name stays, so that nobody else is taken for who spoke under it.
CREATE FUNCTION custodian.remove_person(person text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one text;
BEGIN
    UPDATE custodian.people AS p SET removed_at = clock_timestamp(), removed_by = session_user
     WHERE p.login = person AND p.removed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is none of the people; custodian people list shows them', person USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH one IN ARRAY custodian.may(person) LOOP
        EXECUTE format('REVOKE %I FROM %I', custodian.group_of(one), person);
    END LOOP;
    IF custodian.may(person) <> '{}' THEN
        RAISE EXCEPTION 'somebody else put % into a group; the administrator who did can run this', person
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = to_regrole(quote_ident(person))) THEN
        BEGIN
            EXECUTE format('ALTER ROLE %I NOLOGIN', person);
        EXCEPTION WHEN insufficient_privilege THEN NULL;  -- somebody else made it, and may have it for something else
        END;
    END IF;
END $$;

-- Count what a person says to a referral. With the last approval that is needed, or with a refusal, the referral is agreed; the role `commands`
-- makes the answer of it.
CREATE FUNCTION people.answer(referral text, word text, shown text, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person  custodian.people;
    waits   risk.referrals;
    moment  timestamptz;
    became  text;
    counted text[];
BEGIN
    person := custodian.who_speaks(label, why);
    IF word IS NULL OR word NOT IN ('approve', 'refuse') THEN
        RAISE EXCEPTION 'say approve or refuse' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO waits FROM risk.referrals AS r WHERE r.decision_id = referral FOR UPDATE;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('became', 'unknown');
    END IF;
    moment := clock_timestamp();  -- after the wait for the row
    IF waits.state = 'pending' AND moment >= waits.expires_at THEN
        UPDATE risk.referrals AS r SET state = 'expired', closed_at = moment WHERE r.decision_id = referral;
        waits.state := 'expired';
    END IF;
    IF waits.state = 'pending' AND shown = waits.shown_sha256 THEN
        INSERT INTO risk.approvals (decision_id, person, named, verdict, shown_sha256, reason, at, login, address, issuer, subject)
        VALUES (referral, 'login:' || person.login, label, word, shown, why, moment, person.login, inet_client_addr(), person.issuer,
                person.subject)
        ON CONFLICT DO NOTHING;
        became := CASE WHEN FOUND THEN 'counted' ELSE 'repeated' END;
    ELSE
        became := CASE waits.state WHEN 'pending' THEN 'stale' WHEN 'superseded' THEN 'stale' WHEN 'expired' THEN 'expired' ELSE 'closed' END;
    END IF;
    SELECT array_agg(a.login ORDER BY a.at, a.login) INTO counted
      FROM risk.approvals AS a WHERE a.decision_id = referral AND a.verdict = 'approve' AND a.login IS NOT NULL;
    IF became = 'counted' THEN
        PERFORM custodian.note_act(
            custodian.derive_id('operator_acted', word, referral, 'login:' || person.login), waits.intent_id,
            custodian.derive_id('correlation', waits.venue, waits.intent_id), waits.causation_id, moment,
            json_build_object('action', word, 'venue', waits.venue, 'intent_id', waits.intent_id, 'decision_id', referral,
                              'shown_sha256', shown, 'login', person.login, 'address', host(inet_client_addr()), 'by', label,
                              'reason', why, 'at', custodian.time_text(moment)));
        IF word = 'refuse' OR cardinality(counted) >= waits.approvers_needed THEN
            UPDATE risk.referrals AS r SET state = 'agreed', agreed_verdict = word, agreed_at = moment WHERE r.decision_id = referral;
            became := 'agreed';
        END IF;
    END IF;
    RETURN jsonb_build_object('became', became, 'state', waits.state, 'needed', waits.approvers_needed, 'login', person.login,
                              'approved_by', to_jsonb(coalesce(counted, '{}')));
END $$;

-- What a person is shown of a halt, in the one spelling that is digested.
CREATE FUNCTION commands.shown(halted commands.halts) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_strip_nulls(json_build_object(
        'halt_id', halted.halt_id, 'venue', halted.venue, 'pair', halted.pair, 'reason', halted.reason, 'by', halted.halted_by,
        'login', halted.login, 'at', custodian.time_text(halted.halted_at)))::text
$$;

-- Halt a scope, or return the halt that stands there.
CREATE FUNCTION people.halt(at_venue text, of_pair text, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made     commands.halts;
    outcome  text := 'halted';
    scope    text := coalesce(at_venue, 'global');
BEGIN
    PERFORM custodian.check_words(label, why);
    IF btrim(why) = '' OR length(at_venue) > 200 OR (of_pair IS NOT NULL AND (of_pair !~ '^[^\s/]+/[^\s/]+$' OR length(of_pair) > 200)) THEN
        RAISE EXCEPTION 'a halt has a reason, and a pair is SOURCE/TARGET' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Attempts share this lock for their short transaction: once this has committed, none is begun that did not see it.
    PERFORM pg_advisory_xact_lock(hashtext('custodian'), hashtext('halts'));
    INSERT INTO commands.halts (venue, pair, reason, halted_by, halted_at, login, address)
    VALUES (at_venue, of_pair, why, label, clock_timestamp(), session_user, inet_client_addr())
    ON CONFLICT (coalesce(venue, ''), coalesce(pair, '')) WHERE resumed_at IS NULL DO NOTHING
    RETURNING * INTO made;
    IF made.halt_id IS NULL THEN
        outcome := 'already';
        SELECT * INTO made FROM commands.halts AS h
         WHERE h.venue IS NOT DISTINCT FROM at_venue AND h.pair IS NOT DISTINCT FROM of_pair AND h.resumed_at IS NULL;
    ELSE
        PERFORM custodian.note_act(
            custodian.derive_id('operator_acted', 'halt', made.halt_id::text, at_venue, of_pair, custodian.time_text(made.halted_at)), scope,
            custodian.derive_id('correlation', coalesce(at_venue, ''), 'halt'), NULL, made.halted_at,
            json_build_object('action', 'halt', 'venue', at_venue, 'pair', of_pair, 'login', session_user,
                              'address', host(inet_client_addr()), 'by', label, 'reason', why, 'at', custodian.time_text(made.halted_at)));
    END IF;
    RETURN jsonb_build_object(
        'outcome', outcome, 'halt', commands.shown(made)::json,
        'calls_in_flight', (SELECT count(*) FROM commands.journal AS j JOIN commands.attempts AS a USING (command_id)
                             WHERE j.state = 'sent' AND j.lease_until > clock_timestamp() AND a.outcome IS NULL
                               AND (at_venue IS NULL OR j.venue = at_venue)
                               AND (of_pair IS NULL OR j.source_currency || '/' || j.target_currency = of_pair)));
END $$;

-- Note that this person agrees to an act about exactly what was shown, and return who has within the hour, first to last.
CREATE FUNCTION custodian.agree(person custodian.people, to_act text, to_what text, shown text, label text, why text) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    lapsed timestamptz := moment - interval '1 hour';
BEGIN
    IF NOT EXISTS (SELECT FROM custodian.agreements AS a WHERE (a.act, a.about, a.shown_sha256, a.login) = (to_act, to_what, shown, person.login)
                   AND a.at > lapsed) THEN
        INSERT INTO custodian.agreements (act, about, shown_sha256, login, address, issuer, subject, named, reason, at)
        VALUES (to_act, to_what, shown, person.login, inet_client_addr(), person.issuer, person.subject, label, why, moment);
        PERFORM custodian.note_act(
            custodian.derive_id('operator_acted', 'agree', to_act, to_what, shown, person.login, custodian.time_text(moment)), 'global',
            custodian.derive_id('correlation', '', to_act), NULL, moment,
            json_build_object('action', 'agree', 'shown_sha256', shown, 'subject', to_act || ' ' || to_what, 'login', person.login,
                              'address', host(inet_client_addr()), 'by', label, 'reason', why, 'at', custodian.time_text(moment)));
    END IF;
    RETURN ARRAY(SELECT a.login FROM custodian.agreements AS a
                  WHERE (a.act, a.about, a.shown_sha256) = (to_act, to_what, shown) AND a.at > lapsed ORDER BY a.at, a.login);
END $$;

-- Agree to end the halt of exactly this scope, as it was shown; the second person's word ends it.
CREATE FUNCTION people.resume(at_venue text, of_pair text, shown text, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person  custodian.people;
    halted  commands.halts;
    agreed  text[];
    moment  timestamptz;
BEGIN
    person := custodian.who_speaks(label, why);
    PERFORM pg_advisory_xact_lock(hashtext('custodian'), hashtext('halts'));
    SELECT * INTO halted FROM commands.halts AS h
     WHERE h.venue IS NOT DISTINCT FROM at_venue AND h.pair IS NOT DISTINCT FROM of_pair AND h.resumed_at IS NULL;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', 'not_halted');
    END IF;
    IF shown IS DISTINCT FROM encode(sha256(convert_to(commands.shown(halted), 'UTF8')), 'hex') THEN
        RETURN jsonb_build_object('outcome', 'stale');
    END IF;
    agreed := custodian.agree(person, 'resume', halted.halt_id::text, shown, label, why);
    IF cardinality(agreed) < 2 THEN
        RETURN jsonb_build_object('outcome', 'counted', 'agreed_by', to_jsonb(agreed), 'login', person.login);
    END IF;
    moment := clock_timestamp();
    UPDATE commands.halts AS h SET resumed_by = label, resumed_reason = why, resumed_at = moment, resumed_login = person.login,
                                   resumed_address = inet_client_addr()
     WHERE h.halt_id = halted.halt_id;
    PERFORM custodian.note_act(
        custodian.derive_id('operator_acted', 'resume', halted.halt_id::text, at_venue, of_pair, custodian.time_text(halted.halted_at)),
        coalesce(at_venue, 'global'), custodian.derive_id('correlation', coalesce(at_venue, ''), 'halt'), NULL, moment,
        json_build_object('action', 'resume', 'venue', at_venue, 'pair', of_pair, 'shown_sha256', shown,
                          'outcome', 'agreed by ' || array_to_string(agreed, ', '), 'login', person.login,
                          'address', host(inet_client_addr()), 'by', label, 'reason', why, 'at', custodian.time_text(moment)));
    RETURN jsonb_build_object('outcome', 'resumed', 'agreed_by', to_jsonb(agreed), 'login', person.login);
END $$;

REVOKE ALL ON FUNCTION
    people.answer(text, text, text, text, text), people.resume(text, text, text, text, text),
    custodian.note_act(text, text, text, text, timestamptz, json), custodian.who_speaks(text, text),
    custodian.agree(custodian.people, text, text, text, text, text), custodian.add_person(text, text, text[]),
    custodian.remove_person(text) FROM PUBLIC;

-- What people did, now with their logins.
CREATE OR REPLACE VIEW compliance.acts AS
SELECT act_id, action, venue, intent_id, subject, outcome, acted_by, login, reason, at FROM custodian.acts
UNION ALL
SELECT NULL, 'halt', venue, NULL, pair, 'done', halted_by, login, reason, halted_at FROM commands.halts
UNION ALL
SELECT NULL, 'resume', venue, NULL, pair, 'done', resumed_by, resumed_login, resumed_reason, resumed_at
  FROM commands.halts WHERE resumed_at IS NOT NULL
UNION ALL
SELECT NULL, 'agree', NULL, NULL, act || ' ' || about, 'done', named, login, reason, at FROM custodian.agreements
UNION ALL
SELECT NULL, a.verdict, r.venue, r.intent_id, a.decision_id, 'done', a.named, a.login, a.reason, a.at
  FROM risk.approvals a JOIN risk.referrals r USING (decision_id)
UNION ALL
SELECT NULL, 'requeue', NULL, NULL, dead_letter_id, CASE WHEN produced_at IS NULL THEN 'begun' ELSE 'done' END, requeued_by, NULL, reason, begun_at
  FROM custodian.requeues
UNION ALL
SELECT NULL, 'close', NULL, NULL, dead_letter_id, 'done', closed_by, NULL, reason, closed_at FROM custodian.closed_letters;
