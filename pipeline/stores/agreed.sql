-- hold_agreed: Return the referral on which people agreed first, and let nobody else answer it until this transaction ends.
SELECT decision, causation_id, agreed_verdict
  FROM risk.referrals WHERE state = 'agreed' ORDER BY agreed_at, decision_id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- said: Return what people said about a referral, in order.
SELECT person, named, verdict, shown_sha256, reason, at FROM risk.approvals WHERE decision_id = %(decision_id)s ORDER BY at, person;

-- answer: Close a referral with its answer.
UPDATE risk.referrals SET state = %(state)s, closed_at = %(now)s, answer_id = %(answer_id)s, answer = %(answer)s
 WHERE decision_id = %(decision_id)s AND state = 'agreed';
