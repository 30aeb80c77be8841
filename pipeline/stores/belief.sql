-- committed: Return the decisions that the built-in engine has committed under some ids.
SELECT decision_id, decision FROM risk.decisions WHERE decision_id = ANY (%(ids)s);

-- of_people: Return what became of the referrals whose answers have some ids, with what they are of: a yes only with as many counted
-- approvals of exactly what was shown as the referral needs.
SELECT r.answer_id, r.decision_id, r.request_id, r.context_sha256, r.venue, r.intent_id, r.question, r.quote_id,
       CASE WHEN r.state = 'refused' THEN 'REJECT'
            WHEN r.state = 'approved'
             AND (SELECT count(DISTINCT p.person) FROM risk.approvals AS p
                   WHERE p.decision_id = r.decision_id AND p.verdict = 'approve' AND p.shown_sha256 = r.shown_sha256) >= r.approvers_needed
            THEN 'ACCEPT' END,
       r.answer, r.decision, r.approvers_needed, r.shown, r.shown_sha256, d.decision, a.signed, a.signature, q.context
  FROM risk.referrals AS r
  LEFT JOIN risk.decisions AS d USING (decision_id)
  LEFT JOIN risk.answers AS a USING (decision_id)
  LEFT JOIN risk.questions AS q ON (q.request_id, q.context_sha256) = (r.request_id, r.context_sha256)
 WHERE r.answer_id = ANY (%(ids)s);
