-- What venues are told, and what people say about it: the journal of commands, its attempts, halts, approvals, and their outbox.

CREATE SCHEMA IF NOT EXISTS commands;
CREATE SCHEMA IF NOT EXISTS risk;

CREATE TABLE commands.journal (
    command_id        text        PRIMARY KEY,
    venue             text        NOT NULL,
    intent_id         text        NOT NULL,
    kind              text        NOT NULL CHECK (kind IN ('accept_proposal', 'co_sign_quote')),
    quote_id          text,
    decision_id       text        NOT NULL,
    shadow            boolean     NOT NULL,
    not_after         timestamptz NOT NULL,
    source_currency   text        NOT NULL,
    target_currency   text        NOT NULL,
    target_amount     numeric     NOT NULL,
    source_amount_max numeric,
    fx_rate           numeric,
    issued_at         timestamptz NOT NULL,
    causation_id      text,
    journalled_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    state             text        NOT NULL DEFAULT 'journalled'
                      CHECK (state IN ('journalled', 'sent', 'succeeded', 'refused', 'unknown', 'expired', 'shadowed')),
    open              boolean     NOT NULL DEFAULT true,
    attempts          integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    calls_open        integer     NOT NULL DEFAULT 0 CHECK (calls_open >= 0),
    calls_before      integer     NOT NULL DEFAULT 0 CHECK (calls_before >= 0),
    looks             integer     NOT NULL DEFAULT 0,
    last_call_at      timestamptz,
    quote_valid_until timestamptz,
    next_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_owner       text,
    lease_until       timestamptz NOT NULL DEFAULT 'epoch',
    lease_epoch       bigint      NOT NULL DEFAULT 0,
    sent_at           timestamptz,
    completed_at      timestamptz,
    reason            text,
    http_status       integer,
    error_code        text,
    response          text,
    published_at      timestamptz,
    CHECK ((kind = 'co_sign_quote') = (quote_id IS NOT NULL)),
    CHECK (kind <> 'co_sign_quote' OR fx_rate IS NOT NULL),
    CHECK ((state IN ('journalled', 'sent')) = (completed_at IS NULL)),
    CHECK (state NOT IN ('journalled', 'sent') OR open),
    CHECK (NOT open OR state IN ('journalled', 'sent', 'unknown')),
    CHECK (published_at IS NULL OR completed_at IS NOT NULL)
) WITH (fillfactor = 60);  -- a command is updated some six times: room on the page keeps that off the indexes

COMMENT ON TABLE commands.journal IS 'Commands as issued, what was tried, and how each ended; a row is committed before its first call.';
COMMENT ON COLUMN commands.journal.open IS 'No definite answer has closed it; an unknown outcome stays open until a command for the same thing goes on from it.';
COMMENT ON COLUMN commands.journal.calls_open IS 'Calls of this command that may have had an effect; calls_before are those of the command that it goes on from.';

CREATE UNIQUE INDEX one_open_command ON commands.journal (venue, intent_id, kind) WHERE open;
CREATE INDEX journal_due ON commands.journal (next_at) WHERE state IN ('journalled', 'sent');
CREATE INDEX journal_unpublished ON commands.journal (completed_at) WHERE completed_at IS NOT NULL AND published_at IS NULL;
CREATE INDEX journal_intent ON commands.journal (venue, intent_id, kind, issued_at);

CREATE TABLE commands.attempts (
    command_id  text        NOT NULL REFERENCES commands.journal,
    number      integer     NOT NULL CHECK (number > 0),
    begun_at    timestamptz NOT NULL,
    owner       text        NOT NULL,
    evidence    text        NOT NULL,
    outcome     text        CHECK (outcome IN ('done', 'refused', 'open', 'not_done')),
    reason      text,
    http_status integer,
    ended_at    timestamptz,
    PRIMARY KEY (command_id, number)
);

COMMENT ON TABLE commands.attempts IS 'Every call, committed before it leaves; one without an outcome may have had an effect.';

CREATE TABLE commands.halts (
    halt_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    venue          text,
    pair           text CHECK (pair LIKE '_%/_%'),
    reason         text        NOT NULL,
    halted_by      text        NOT NULL,
    halted_at      timestamptz NOT NULL,
    resumed_by     text,
    resumed_reason text,
    resumed_at     timestamptz,
    CHECK ((resumed_at IS NULL) = (resumed_by IS NULL))
);

COMMENT ON TABLE commands.halts IS 'Kill switches for accepting: everywhere (no venue, no pair), for a venue, for a pair, or for a pair at a venue.';

CREATE UNIQUE INDEX one_halt_per_scope ON commands.halts (coalesce(venue, ''), coalesce(pair, '')) WHERE resumed_at IS NULL;

CREATE TABLE risk.referrals (
    decision_id      text        PRIMARY KEY,
    request_id       text        NOT NULL,
    venue            text        NOT NULL,
    intent_id        text        NOT NULL,
    question         text        NOT NULL CHECK (question IN ('accept_proposal', 'co_sign_quote')),
    quote_id         text,
    context_sha256   text        NOT NULL,
    shown            text        NOT NULL,
    shown_sha256     text        NOT NULL CHECK (shown_sha256 ~ '^[0-9a-f]{64}$'),
    approvers_needed integer     NOT NULL CHECK (approvers_needed > 0),
    expires_at       timestamptz NOT NULL,
    decision         text        NOT NULL,
    causation_id     text,
    state            text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'refused', 'expired')),
    opened_at        timestamptz NOT NULL,
    closed_at        timestamptz,
    answer_id        text,
    CHECK ((state = 'pending') = (closed_at IS NULL))
);

COMMENT ON TABLE risk.referrals IS 'Decisions that wait for people, with exactly what people are shown.';

CREATE INDEX referrals_pending ON risk.referrals (expires_at) WHERE state = 'pending';

CREATE TABLE risk.approvals (
    decision_id  text        NOT NULL REFERENCES risk.referrals,
    person       text        NOT NULL CHECK (person <> ''),
    named        text        NOT NULL,
    verdict      text        NOT NULL CHECK (verdict IN ('approve', 'refuse')),
    shown_sha256 text        NOT NULL,
    reason       text        NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (decision_id, person)
);

COMMENT ON TABLE risk.approvals IS 'What each person said, once per referral; `person` is the name in one spelling, `named` as it was given.';

CREATE TABLE custodian.outbox (
    ce_id          text        PRIMARY KEY,
    number         bigint GENERATED ALWAYS AS IDENTITY,
    kind           text        NOT NULL,
    source         text        NOT NULL,
    subject        text        NOT NULL,
    at             timestamptz NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text,
    key            text        NOT NULL,
    value          bytea       NOT NULL,
    published_at   timestamptz
);

COMMENT ON TABLE custodian.outbox IS 'Events that were decided in a database transaction and are published after it, each under its own id.';

CREATE INDEX outbox_waiting ON custodian.outbox (number) WHERE published_at IS NULL;
