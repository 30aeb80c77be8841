-- A referral is over with its order: nobody approves what cannot be done any more.

-- Count what a person says to a referral. With the last approval that is needed, or with a refusal, the referral is agreed; the role `commands`
-- makes the answer of it. What is about an order that has ended takes no word any more.
CREATE OR REPLACE FUNCTION people.answer(referral text, word text, shown text, label text, why text) RETURNS jsonb
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
    IF waits.state IN ('pending', 'superseded')
       AND EXISTS (SELECT FROM risk.ended AS e WHERE (e.venue, e.intent_id) = (waits.venue, waits.intent_id)) THEN
        UPDATE risk.referrals AS r SET state = 'superseded', closed_at = moment WHERE r.decision_id = referral AND r.state = 'pending';
        became := 'ended';
    ELSIF waits.state = 'pending' AND shown = waits.shown_sha256 THEN
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
