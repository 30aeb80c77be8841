-- committed: Return the decisions that the built-in engine has committed under some ids.
SELECT decision_id, decision FROM risk.decisions WHERE decision_id = ANY (%(ids)s);

-- of_people: Return what became of the referrals whose answers have some ids: a yes only with as many counted approvals of exactly what was
-- shown as the referral needs.
SELECT r.answer_id, r.decision_id, r.request_id, r.context_sha256, r.venue, r.intent_id, r.question, r.quote_id,
       CASE WHEN r.state = 'refused' THEN 'REJECT'
            WHEN r.state = 'approved'
             AND (SELECT count(DISTINCT p.person) FROM risk.approvals AS p
                   WHERE p.decision_id = r.decision_id AND p.verdict = 'approve' AND p.shown_sha256 = r.shown_sha256) >= r.approvers_needed
            THEN 'ACCEPT' END, r.answer
  FROM risk.referrals AS r WHERE r.answer_id = ANY (%(ids)s);
