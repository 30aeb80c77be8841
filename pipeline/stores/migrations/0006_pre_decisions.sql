-- Every question that was asked and every answer that anybody gave, as people and compliance read them; referrals that were overtaken.

CREATE TABLE risk.questions (
    request_id     text        NOT NULL,
    context_sha256 text        NOT NULL CHECK (context_sha256 ~ '^[0-9a-f]{64}$'),
    number         bigint GENERATED ALWAYS AS IDENTITY,
    venue          text        NOT NULL,
    intent_id      text        NOT NULL,
    question       text        NOT NULL CHECK (question IN ('accept_proposal', 'co_sign_quote')),
    round          integer     NOT NULL CHECK (round > 0),
    context        text        NOT NULL,
    requested_at   timestamptz NOT NULL,
    decide_by      timestamptz NOT NULL,
    ce_id          text,
    kept_at        timestamptz NOT NULL,
    PRIMARY KEY (request_id, context_sha256)
);

COMMENT ON TABLE risk.questions IS 'Requests for decisions; `context` is the text that context_sha256 is the digest of, `number` the order of arrival.';
CREATE INDEX questions_by_intent ON risk.questions (intent_id, venue, question, round, number);

CREATE TABLE risk.answers (
    decision_id    text        PRIMARY KEY,
    number         bigint GENERATED ALWAYS AS IDENTITY,
    request_id     text        NOT NULL,
    context_sha256 text        NOT NULL,
    venue          text        NOT NULL,
    intent_id      text        NOT NULL,
    question       text        NOT NULL CHECK (question IN ('accept_proposal', 'co_sign_quote')),
    quote_id       text,
    verdict        text        NOT NULL CHECK (verdict IN ('ACCEPT', 'REJECT', 'REFER', 'WAIT')),
    policy         json        NOT NULL,
    decided_by     text        NOT NULL,
    decided_at     timestamptz,
    rules          json        NOT NULL,
    refers_to      text,
    event          text        NOT NULL,
    ce_id          text,
    kept_at        timestamptz NOT NULL
);

COMMENT ON TABLE risk.answers IS 'Decisions made by anybody: the built-in engine, an external one, people. json, not jsonb: it takes whatever text a stranger writes.';
COMMENT ON COLUMN risk.answers.decided_at IS 'As the decision says; null when that is no time.';
CREATE INDEX answers_by_question ON risk.answers (request_id, context_sha256, number);
CREATE INDEX answers_by_intent ON risk.answers (intent_id, number);
CREATE INDEX answers_by_time ON risk.answers (kept_at, number);

CREATE FUNCTION risk.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: what was asked and answered stays', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER questions_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON risk.questions
    FOR EACH STATEMENT EXECUTE FUNCTION risk.refuse_change();
CREATE TRIGGER answers_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON risk.answers
    FOR EACH STATEMENT EXECUTE FUNCTION risk.refuse_change();

ALTER TABLE risk.referrals
    DROP CONSTRAINT referrals_state_check,
    ADD CONSTRAINT referrals_state_check CHECK (state IN ('pending', 'approved', 'refused', 'expired', 'superseded'));

COMMENT ON COLUMN risk.referrals.state IS 'superseded: the question was asked anew on what is known now, and that one counts.';
CREATE INDEX referrals_by_intent ON risk.referrals (intent_id, venue, question);
CREATE INDEX referrals_by_shown ON risk.referrals (shown_sha256);

-- What compliance reads.
CREATE VIEW compliance.decisions AS
SELECT a.decision_id, a.venue, a.intent_id, a.question, a.quote_id, a.verdict, a.policy, a.decided_by, a.decided_at, a.rules,
       a.request_id, a.refers_to, a.context_sha256, q.round, q.requested_at, q.decide_by, q.context::json AS context, a.ce_id,
       a.kept_at AS recorded_at
  FROM risk.answers a
  LEFT JOIN risk.questions q USING (request_id, context_sha256);

COMMENT ON VIEW compliance.decisions IS 'Every decision with its evidence, in shadow too; `context` is everything that it was a function of, beside policy and counters.';
