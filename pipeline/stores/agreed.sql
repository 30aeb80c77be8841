-- hold_agreed: Return the referral on which people agreed first, beside those that are left, and let nobody else answer it until this transaction ends.
SELECT decision, causation_id, agreed_verdict
  FROM risk.referrals WHERE state = 'agreed' AND NOT decision_id = ANY (%(left)s)
 ORDER BY agreed_at, decision_id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- people: Return the logins of those who said what was agreed on, in order.
SELECT login FROM risk.approvals
 WHERE decision_id = %(decision_id)s AND verdict = %(verdict)s AND login IS NOT NULL ORDER BY at, login;

-- answer: Close a referral with its answer.
UPDATE risk.referrals SET state = %(state)s, closed_at = %(now)s, answer_id = %(answer_id)s, answer = %(answer)s
 WHERE decision_id = %(decision_id)s AND state = 'agreed';

-- expire: Close a referral that people agreed on and whose limits never came to know what they need.
UPDATE risk.referrals SET state = 'expired', closed_at = %(now)s WHERE decision_id = %(decision_id)s AND state = 'agreed';
