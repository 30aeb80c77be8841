-- What a halt covers and what keeps it from being committed. A scope that covers no order was taken for a halt of everything, and a lock that
-- everybody's login can hold kept halts waiting.

-- Nobody's rows: attempts share a lock on it, halts take one against them. A lock on a table takes a right on it, which an advisory lock does
-- not: of people's logins none can hold one that a halt waits for.
CREATE TABLE commands.gate (nothing boolean CHECK (false));

COMMENT ON TABLE commands.gate IS 'Has no rows: an attempt holds it in ROW EXCLUSIVE mode while it is committed, a halt in SHARE mode.';

-- It was shown as a halt of everything, so that is what it is from now on; there was none beside it.
UPDATE commands.halts SET venue = NULL WHERE venue = '' AND resumed_at IS NULL;
ALTER TABLE commands.halts ADD CONSTRAINT halts_venue_check CHECK (venue <> '') NOT VALID;

-- With '' kept out, two scopes are never one here. Each login has a halt of its own: who leaves a transaction open keeps nobody else waiting.
DROP INDEX commands.one_halt_per_scope;
CREATE UNIQUE INDEX one_halt_per_scope ON commands.halts (coalesce(venue, ''), coalesce(pair, ''), coalesce(login, '')) WHERE resumed_at IS NULL;

-- Whether orders can be of this scope: a venue as the settings name it, a pair of currencies as they are written without what nobody sees.
CREATE FUNCTION commands.is_scope(at_venue text, of_pair text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (at_venue IS NULL OR at_venue ~ '^[a-z0-9][a-z0-9_-]{0,62}$')
       AND (of_pair IS NULL OR (length(of_pair) <= 200 AND of_pair ~ '^[^\s/]+/[^\s/]+$' AND of_pair !~ ('[\u0001-\u0020\u007F-\u00A0\u00AD'
            '\u0600-\u0605\u061C\u06DD\u070F\u1680\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uE000-\uF8FF\uFEFF\uFFF0-\uFFFB]')))
$$;

-- Who holds the lock that halts wait for, for who has waited too long.
CREATE FUNCTION commands.holders() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_agg(DISTINCT format('%s (process %s)', a.usename, a.pid), ', '), 'somebody')
      FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
     WHERE l.relation = 'commands.gate'::regclass AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
       AND l.granted AND l.mode <> 'AccessShareLock' AND l.pid <> pg_backend_pid()
$$;

-- Halt a scope, or return the halt that stands there.
CREATE OR REPLACE FUNCTION people.halt(at_venue text, of_pair text, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    made     commands.halts;
    outcome  text := 'already';
    scope    text := coalesce(at_venue, 'global');
BEGIN
    PERFORM custodian.check_words(label, why);
    IF btrim(why) = '' THEN
        RAISE EXCEPTION 'a halt has a reason' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT commands.is_scope(at_venue, of_pair) THEN
        RAISE EXCEPTION 'no order is of this venue and pair: a venue is named as in the settings (a-z, 0-9, _ and -), a pair is SOURCE/TARGET'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Attempts have the gate for their short transaction: once this has committed, none is committed that did not see it.
    LOCK TABLE commands.gate IN SHARE MODE;
    -- One that is being ended right now is none to go by: this one stands beside it.
    SELECT * INTO made FROM commands.halts AS h
     WHERE h.venue IS NOT DISTINCT FROM at_venue AND h.pair IS NOT DISTINCT FROM of_pair AND h.resumed_at IS NULL
     ORDER BY h.halt_id LIMIT 1 FOR SHARE SKIP LOCKED;
    IF NOT FOUND THEN
        outcome := 'halted';
        INSERT INTO commands.halts (venue, pair, reason, halted_by, halted_at, login, address)
        VALUES (at_venue, of_pair, why, label, clock_timestamp(), session_user, inet_client_addr())
        ON CONFLICT (coalesce(venue, ''), coalesce(pair, ''), coalesce(login, '')) WHERE resumed_at IS NULL DO NOTHING
        RETURNING * INTO made;
        IF NOT FOUND THEN
            outcome := 'already';
            SELECT * INTO made FROM commands.halts AS h
             WHERE h.venue IS NOT DISTINCT FROM at_venue AND h.pair IS NOT DISTINCT FROM of_pair AND h.resumed_at IS NULL
               AND h.login = session_user FOR SHARE;
        END IF;
    END IF;
    IF made.halt_id IS NULL THEN
        RAISE lock_not_available;  -- never silence: nothing was written, and nothing stands there
    END IF;
    IF outcome = 'halted' THEN
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
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'nothing is halted yet, since others have not finished: %', commands.holders()
        USING ERRCODE = 'lock_not_available', HINT = 'say it again, or end those sessions: pg_terminate_backend';
END $$;

-- Agree to end the halt of exactly this scope, as it was shown; the second person's word ends it.
CREATE OR REPLACE FUNCTION people.resume(at_venue text, of_pair text, shown text, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    person  custodian.people;
    halted  commands.halts;
    agreed  text[];
    moment  timestamptz;
BEGIN
    person := custodian.who_speaks(label, why);
    LOCK TABLE commands.gate IN ROW SHARE MODE;  -- keeps nobody waiting, and is seen in commands.holders
    SELECT * INTO halted FROM commands.halts AS h
     WHERE h.venue IS NOT DISTINCT FROM at_venue AND h.pair IS NOT DISTINCT FROM of_pair AND h.resumed_at IS NULL
       AND shown = encode(sha256(convert_to(commands.shown(h), 'UTF8')), 'hex') FOR UPDATE;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', CASE WHEN EXISTS (
            SELECT FROM commands.halts AS h
             WHERE h.venue IS NOT DISTINCT FROM at_venue AND h.pair IS NOT DISTINCT FROM of_pair AND h.resumed_at IS NULL)
            THEN 'stale' ELSE 'not_halted' END);
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

REVOKE ALL ON FUNCTION commands.is_scope(text, text), commands.holders() FROM PUBLIC;
