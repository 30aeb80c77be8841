-- A referral on which people have agreed waits for its answer: the role that keeps decisions makes it, with the limits as they are then.

ALTER TABLE risk.referrals
    ADD COLUMN agreed_verdict text CHECK (agreed_verdict IN ('approve', 'refuse')),
    ADD COLUMN agreed_at      timestamptz,
    ADD COLUMN answer         text,
    DROP CONSTRAINT referrals_state_check,
    ADD CONSTRAINT referrals_state_check CHECK (state IN ('pending', 'agreed', 'approved', 'refused', 'expired', 'superseded')),
    DROP CONSTRAINT referrals_check,
    ADD CONSTRAINT referrals_check CHECK ((state IN ('pending', 'agreed')) = (closed_at IS NULL)),
    ADD CONSTRAINT referrals_agreed_check CHECK ((agreed_verdict IS NULL) = (agreed_at IS NULL)),
    ADD CONSTRAINT referrals_agreed_state_check CHECK (state <> 'agreed' OR agreed_verdict IS NOT NULL);

COMMENT ON COLUMN risk.referrals.state IS
    'agreed: enough people have approved, or one has refused, and the answer is not made yet; superseded: the question was asked anew on what is known now, and that one counts.';
COMMENT ON COLUMN risk.referrals.agreed_at IS 'Null in a closed referral: answered by a release that reserved only when it read its own answer.';
COMMENT ON COLUMN risk.referrals.answer IS 'The decision that answers it, as it was published.';

CREATE INDEX referrals_agreed ON risk.referrals (agreed_at, decision_id) WHERE state = 'agreed';
