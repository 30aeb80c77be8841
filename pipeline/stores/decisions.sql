-- hold_decisions: Let one sink at a time keep questions and answers, until this transaction ends.
SELECT pg_advisory_xact_lock(hashtext('custodian'), hashtext('decisions'));

-- insert_question: Keep a question; nothing is returned when it is there already.
INSERT INTO risk.questions (
    request_id, context_sha256, venue, intent_id, question, round, context, requested_at, decide_by, ce_id, kept_at)
VALUES (
    %(request_id)s, %(context_sha256)s, %(venue)s, %(intent_id)s, %(question)s, %(round)s, %(context)s, %(requested_at)s, %(decide_by)s,
    %(ce_id)s, %(now)s)
ON CONFLICT (request_id, context_sha256) DO NOTHING
RETURNING 1;

-- find_question: Return a question.
SELECT request_id, context_sha256, venue, intent_id, question, round, context, requested_at, decide_by FROM risk.questions
 WHERE request_id = %(request_id)s AND context_sha256 = %(context_sha256)s;

-- insert_answer: Keep a decision; nothing is returned when its id is there already.
INSERT INTO risk.answers (
    decision_id, request_id, context_sha256, venue, intent_id, question, quote_id, verdict, policy, decided_by, decided_at, rules, refers_to,
    event, ce_id, signed, signature, kept_at)
VALUES (
    %(decision_id)s, %(request_id)s, %(context_sha256)s, %(venue)s, %(intent_id)s, %(question)s, %(quote_id)s, %(verdict)s, %(policy)s,
    %(decided_by)s, %(decided_at)s, %(rules)s, %(refers_to)s, %(event)s, %(ce_id)s, %(signed)s,
    %(signature)s, %(now)s)
ON CONFLICT (decision_id) DO NOTHING
RETURNING 1;

-- find_answer: Return a decision.
SELECT event, ce_id, signed, signature FROM risk.answers WHERE decision_id = %(decision_id)s;

-- decided: Return a decision with the facts of its question, and whether a later question about the same was asked.
SELECT a.event, a.ce_id, a.signed, a.signature, request_id, context_sha256, q.venue, q.intent_id, q.question, q.round, q.context,
       q.requested_at, q.decide_by,
       EXISTS (SELECT FROM risk.questions AS n
                WHERE n.intent_id = q.intent_id AND n.venue = q.venue AND n.question = q.question AND n.round > q.round)
  FROM risk.answers AS a JOIN risk.questions AS q USING (request_id, context_sha256) WHERE a.decision_id = %(decision_id)s;

-- first_referral: Return the first decision about a question that hands it to people; one that speaks of something else is none.
SELECT event, ce_id, signed, signature FROM risk.answers
 WHERE request_id = %(request_id)s AND context_sha256 = %(context_sha256)s AND verdict = 'REFER' AND refers_to IS NULL
   AND venue = %(venue)s AND intent_id = %(intent_id)s AND question = %(question)s
 ORDER BY number LIMIT 1;

-- supersede_referrals: Close what waits for people, or for its answer, although the question was asked anew.
UPDATE risk.referrals AS r SET state = 'superseded', closed_at = %(now)s
  FROM (SELECT request_id, context_sha256 FROM risk.questions
         WHERE venue = %(venue)s AND intent_id = %(intent_id)s AND question = %(question)s
         ORDER BY round DESC, number DESC LIMIT 1) AS newest
 WHERE r.venue = %(venue)s AND r.intent_id = %(intent_id)s AND r.question = %(question)s AND r.state IN ('pending', 'agreed')
   AND (r.request_id, r.context_sha256) <> (newest.request_id, newest.context_sha256);

-- overtake_referral: Close a referral that an engine has answered in people's place; nobody approves it any more, and nobody has.
UPDATE risk.referrals SET state = 'superseded', closed_at = %(now)s
 WHERE decision_id = %(refers_to)s AND request_id = %(request_id)s AND state = 'pending';

-- listed: Return decisions for showing, the latest first, each with its referral.
SELECT a.event, r.state, r.shown_sha256, r.expires_at, r.approvers_needed,
       CASE WHEN r.state = 'refused' AND r.agreed_verdict = 'approve' THEN r.answer END AS stopped,
       -- Not overtaken by a newer question, so by the end of its order.
       r.state = 'superseded' AND EXISTS (SELECT FROM risk.ended e WHERE (e.venue, e.intent_id) = (r.venue, r.intent_id))
           AND (r.request_id, r.context_sha256) = (
               SELECT q.request_id, q.context_sha256 FROM risk.questions q
                WHERE (q.venue, q.intent_id, q.question) = (r.venue, r.intent_id, r.question) ORDER BY q.round DESC, q.number DESC LIMIT 1)
           AS order_ended,
       (SELECT array_agg(coalesce(p.login, p.named) ORDER BY p.at, p.person) FROM risk.approvals p
         WHERE p.decision_id = a.decision_id AND p.verdict = 'approve' AND (p.login IS NOT NULL OR r.state <> 'pending')) AS approved_by
  FROM risk.answers a LEFT JOIN risk.referrals r USING (decision_id)
 WHERE (%(decision_id)s::text IS NULL OR a.decision_id = %(decision_id)s) AND (%(venue)s::text IS NULL OR a.venue = %(venue)s)
   AND (%(intent)s::text IS NULL OR a.intent_id = %(intent)s) AND (%(question)s::text IS NULL OR a.question = %(question)s)
   AND (%(verdict)s::text IS NULL OR a.verdict = %(verdict)s)
   AND (NOT %(pending)s OR (r.state = 'pending' AND r.expires_at > %(now)s))
 ORDER BY CASE WHEN %(pending)s THEN r.expires_at END, a.kept_at DESC, a.number DESC LIMIT %(limit)s;

-- count_pending: Count the referrals that wait for people.
SELECT count(*) FROM risk.referrals WHERE state = 'pending' AND expires_at > %(now)s;

-- said: Return what people said about a decision, in order.
SELECT decision_id, named, verdict, shown_sha256, reason, at, login, host(address) FROM risk.approvals WHERE decision_id = %(decision_id)s ORDER BY at, person;

-- said_of_intent: Return what people said about an intent's decisions, in order.
SELECT p.decision_id, p.named, p.verdict, p.shown_sha256, p.reason, p.at, p.login, host(p.address)
  FROM risk.referrals r JOIN risk.approvals p USING (decision_id) WHERE r.intent_id = %(intent)s ORDER BY p.at, p.decision_id, p.person;
