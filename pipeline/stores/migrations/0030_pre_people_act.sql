-- What `operate` may do beside ending halts: say that an alarm was looked at, and that a break needs nothing more. Who it was, what it was about
-- and when is written here, so a person needs no right on a table for it, and nobody acknowledges what was not raised.

-- Record an act of this session's login with its event, and return its id; NULL when it was done already.
CREATE FUNCTION custodian.act(
    did text, at_venue text, of_intent text, about text, came_to text, label text, why text, OUT act_id text, OUT moment timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key text := coalesce(of_intent, at_venue, 'global');
BEGIN
    PERFORM custodian.check_words(label, why);
    IF btrim(why) = '' THEN
        RAISE EXCEPTION 'an act has a reason' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    moment := clock_timestamp();
    act_id := custodian.derive_id('operator_acted', did, at_venue, of_intent, about, label, custodian.time_text(moment));
    INSERT INTO custodian.acts (act_id, action, venue, intent_id, subject, outcome, acted_by, login, reason, at)
    VALUES (act.act_id, did, at_venue, of_intent, about, came_to, label, session_user, why, moment)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        act_id := NULL;
        RETURN;
    END IF;
    PERFORM custodian.note_act(
        act_id, key, custodian.derive_id('correlation', coalesce(at_venue, ''), key), NULL, moment,
        json_build_object('action', did, 'venue', at_venue, 'intent_id', of_intent, 'subject', about, 'outcome', came_to,
                          'login', session_user, 'address', host(inet_client_addr()), 'by', label, 'reason', why,
                          'at', custodian.time_text(moment)));
END $$;

-- Say that an archived alarm was looked at; of several who do, the first one counts.
CREATE FUNCTION people.acknowledge(alarm text, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    raised   jsonb;
    act_id   text;
BEGIN
    SELECT convert_from(r.value, 'UTF8')::jsonb INTO raised FROM archive.records AS r
     WHERE r.ce_id = alarm AND r.ce_type = 'custody.alarm-raised.v1' LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no alarm % in the archive', alarm USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT made.act_id INTO act_id FROM custodian.act(
        'acknowledge', raised ->> 'venue',
        CASE WHEN raised ->> 'subject' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN raised ->> 'subject' END,
        alarm, left((raised ->> 'kind') || ' about ' || (raised ->> 'subject'), 512), label, why) AS made;
    RETURN jsonb_build_object(
        'outcome', CASE WHEN act_id IS NULL THEN 'already' ELSE 'acknowledged' END, 'act_id', act_id,
        'acknowledged_by', (SELECT a.acted_by FROM custodian.acts AS a WHERE a.action = 'acknowledge' AND a.subject = alarm));
END $$;

-- Resolve an open break as it is now.
CREATE FUNCTION people.resolve(break text, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_now record;
    act_id    text;
BEGIN
    UPDATE ledger.breaks AS b SET state = 'resolved' WHERE b.break_id = break AND b.state = 'open'
    RETURNING b.venue, b.intent_id, b.expected, b.actual INTO found_now;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', 'already');
    END IF;
    SELECT made.act_id INTO act_id FROM custodian.act(
        'resolve', found_now.venue, found_now.intent_id, break, 'resolved', label, why) AS made;
    INSERT INTO custodian.resolutions (act_id, break_id, expected, actual) VALUES (act_id, break, found_now.expected, found_now.actual);
    RETURN jsonb_build_object('outcome', 'resolved', 'act_id', act_id);
END $$;

REVOKE ALL ON FUNCTION
    custodian.act(text, text, text, text, text, text, text), people.acknowledge(text, text, text), people.resolve(text, text, text) FROM PUBLIC;
