-- insert_referral: Store a decision that waits for people; nothing is returned when it is there already.
INSERT INTO risk.referrals (
    decision_id, request_id, venue, intent_id, question, quote_id, context_sha256, shown, shown_sha256, approvers_needed, expires_at,
    decision, causation_id, opened_at)
VALUES (
    %(decision_id)s, %(request_id)s, %(venue)s, %(intent_id)s, %(question)s, %(quote_id)s, %(context_sha256)s, %(shown)s,
    %(shown_sha256)s, %(approvers_needed)s, %(expires_at)s, %(decision)s, %(causation_id)s, %(now)s)
ON CONFLICT (decision_id) DO NOTHING
RETURNING 1;

-- find_referral: Return a referral.
SELECT decision, shown, approvers_needed, expires_at, causation_id, state FROM risk.referrals WHERE decision_id = %(decision_id)s;

-- pending_referrals: Return the referrals that still wait, the one that expires first in front.
SELECT decision, shown, approvers_needed, expires_at, causation_id, state FROM risk.referrals
 WHERE state = 'pending' AND expires_at > %(now)s ORDER BY expires_at, decision_id;

-- expire_referrals: Close what has expired.
UPDATE risk.referrals SET state = 'expired', closed_at = %(now)s WHERE state = 'pending' AND expires_at <= %(now)s;

-- answer: Say yes or no to a referral, as the person whose login this is.
SELECT people.answer(%(decision_id)s, %(verdict)s, %(shown)s, %(by)s, %(reason)s);

-- find_answer: Return what people agreed on about a referral, and its answer where it is made.
SELECT agreed_verdict, answer FROM risk.referrals WHERE decision_id = %(decision_id)s;

-- newest_question: Return what was known when a question about something was last asked, and the decision that refers it, if there is one.
SELECT q.context,
       (SELECT r.decision_id FROM risk.referrals r
         WHERE r.request_id = q.request_id AND r.context_sha256 = q.context_sha256 AND r.state = 'pending')
  FROM risk.questions q WHERE q.venue = %(venue)s AND q.intent_id = %(intent_id)s AND q.question = %(question)s
 ORDER BY q.round DESC, q.number DESC LIMIT 1;

-- shown_before: Return what was shown under a digest about the same thing.
SELECT shown FROM risk.referrals
 WHERE shown_sha256 = %(shown_sha256)s AND venue = %(venue)s AND intent_id = %(intent_id)s AND question = %(question)s LIMIT 1;
