-- Which referral a people's answer belongs to, looked up before every call.

CREATE INDEX referrals_by_answer ON risk.referrals (answer_id) WHERE answer_id IS NOT NULL;
