-- What people did with the command line beside halts and approvals: acknowledged, resolved, read again, emitted again. One row per act, for good.

CREATE TABLE custodian.acts (
    -- That of its event in operator-acted.
    act_id     text        PRIMARY KEY,
    action     text        NOT NULL CHECK (action <> ''),
    venue      text,
    intent_id  text,
    -- What it was done to: an alarm, a break, the event that was published.
    subject    text,
    outcome    text        NOT NULL,
    acted_by   text        NOT NULL CHECK (acted_by <> ''),
    -- Who that was for PostgreSQL: `acted_by` is what a person typed.
    login      text        NOT NULL DEFAULT session_user,
    reason     text        NOT NULL CHECK (btrim(reason) <> ''),
    at         timestamptz NOT NULL
);

COMMENT ON TABLE custodian.acts IS 'Acts of people, each committed with its event in the outbox; nothing is edited.';

-- Of several people who acknowledge an alarm one does.
CREATE UNIQUE INDEX one_acknowledgement ON custodian.acts (subject) WHERE action = 'acknowledge';
CREATE INDEX acts_by_intent ON custodian.acts (intent_id);

CREATE FUNCTION custodian.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: what people did stays', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER acts_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custodian.acts
    FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change();

-- A break that a person resolved stays so while reconciliation finds exactly what that person saw.
CREATE TABLE custodian.resolutions (
    act_id   text        PRIMARY KEY REFERENCES custodian.acts,
    break_id text        NOT NULL,
    expected jsonb,
    actual   jsonb,
    -- Set by the run that found something else, or nothing: found again after that, the break is open.
    ended_at timestamptz
);

CREATE UNIQUE INDEX one_standing_resolution ON custodian.resolutions (break_id) WHERE ended_at IS NULL;

COMMENT ON TABLE custodian.resolutions IS 'What each break said when a person resolved it, and when that ceased to hold.';

-- What accounting and compliance read.
CREATE VIEW accounting.acts AS
SELECT act_id, action, venue, intent_id, subject, outcome, acted_by, login, reason, at FROM custodian.acts;

CREATE VIEW compliance.acts AS
SELECT act_id, action, venue, intent_id, subject, outcome, acted_by, login, reason, at FROM custodian.acts
UNION ALL
SELECT NULL, 'halt', venue, NULL, pair, 'done', halted_by, NULL, reason, halted_at FROM commands.halts
UNION ALL
SELECT NULL, 'resume', venue, NULL, pair, 'done', resumed_by, NULL, resumed_reason, resumed_at FROM commands.halts WHERE resumed_at IS NOT NULL
UNION ALL
SELECT NULL, a.verdict, r.venue, r.intent_id, a.decision_id, 'done', a.named, NULL, a.reason, a.at
  FROM risk.approvals a JOIN risk.referrals r USING (decision_id)
UNION ALL
SELECT NULL, 'requeue', NULL, NULL, dead_letter_id, CASE WHEN produced_at IS NULL THEN 'begun' ELSE 'done' END, requeued_by, NULL, reason, begun_at
  FROM custodian.requeues
UNION ALL
SELECT NULL, 'close', NULL, NULL, dead_letter_id, 'done', closed_by, NULL, reason, closed_at FROM custodian.closed_letters;

COMMENT ON VIEW compliance.acts IS 'Everything that people did, with who, when and why; act_id is the ce_id of its record where the act has one of that id.';
