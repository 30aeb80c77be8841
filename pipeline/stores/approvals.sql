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

-- hold_referral: Return a referral and let nobody else count until this transaction ends.
SELECT decision, shown, approvers_needed, expires_at, causation_id, state FROM risk.referrals
 WHERE decision_id = %(decision_id)s FOR UPDATE;

-- pending_referrals: Return the referrals that still wait, the one that expires first in front.
SELECT decision, shown, approvers_needed, expires_at, causation_id, state FROM risk.referrals
 WHERE state = 'pending' AND expires_at > %(now)s ORDER BY expires_at, decision_id;

-- expire_referrals: Close what has expired.
UPDATE risk.referrals SET state = 'expired', closed_at = %(now)s WHERE state = 'pending' AND expires_at <= %(now)s;

-- shut_expired: End a referral whose time is over.
UPDATE risk.referrals SET state = 'expired', closed_at = %(now)s WHERE decision_id = %(decision_id)s;

-- agree: Leave a referral to the role that answers it.
UPDATE risk.referrals SET state = 'agreed', agreed_verdict = %(verdict)s, agreed_at = %(now)s WHERE decision_id = %(decision_id)s;

-- find_answer: Return what people agreed on about a referral, and its answer where it is made.
SELECT agreed_verdict, answer FROM risk.referrals WHERE decision_id = %(decision_id)s;

-- insert_approval: Store what a person said; nothing is returned when that person has said something already.
INSERT INTO risk.approvals (decision_id, person, named, verdict, shown_sha256, reason, at)
VALUES (%(decision_id)s, %(person)s, %(named)s, %(verdict)s, %(shown_sha256)s, %(reason)s, %(now)s)
ON CONFLICT (decision_id, person) DO NOTHING
RETURNING 1;

-- approved_by: Return the names of the people who have approved, in the order in which they did.
SELECT named FROM risk.approvals WHERE decision_id = %(decision_id)s AND verdict = 'approve' ORDER BY at, person;

-- newest_question: Return what was known when a question about something was last asked, and the decision that refers it, if there is one.
SELECT q.context,
       (SELECT r.decision_id FROM risk.referrals r
         WHERE r.request_id = q.request_id AND r.context_sha256 = q.context_sha256 AND r.state = 'pending')
  FROM risk.questions q WHERE q.venue = %(venue)s AND q.intent_id = %(intent_id)s AND q.question = %(question)s
 ORDER BY q.round DESC, q.number DESC LIMIT 1;

-- shown_before: Return what was shown under a digest about the same thing.
SELECT shown FROM risk.referrals
 WHERE shown_sha256 = %(shown_sha256)s AND venue = %(venue)s AND intent_id = %(intent_id)s AND question = %(question)s LIMIT 1;
