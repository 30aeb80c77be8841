SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA accounting;
CREATE SCHEMA archive;
CREATE SCHEMA commands;
CREATE SCHEMA compliance;
CREATE SCHEMA custodian;
CREATE SCHEMA ledger;
CREATE SCHEMA risk;
CREATE DOMAIN ledger.minor_units AS numeric
	CONSTRAINT minor_units_are_whole CHECK (((VALUE >= (0)::numeric) AND (VALUE < 'Infinity'::numeric) AND (VALUE = trunc(VALUE))));
COMMENT ON DOMAIN ledger.minor_units IS 'An amount in integer minor units of its currency: no fraction, no sign, no NaN.';
CREATE FUNCTION archive.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: the archive only grows', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION custodian.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: what people did stays', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION ledger.entry_is_whole() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    found_legs bigint;
    balanced boolean;
BEGIN
    SELECT sum(s.legs), bool_and(s.total = 0) INTO found_legs, balanced
      FROM (SELECT count(*) AS legs, sum(CASE p.side WHEN 'debit' THEN p.amount ELSE -p.amount END) AS total
              FROM ledger.postings p WHERE p.entry_id = NEW.entry_id GROUP BY p.currency, p.scale) s;
    IF found_legs IS DISTINCT FROM NEW.legs OR balanced IS NOT TRUE THEN
        RAISE EXCEPTION 'the entry % has % of % postings or does not balance', NEW.entry_id, coalesce(found_legs, 0), NEW.legs
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger.entry_is_whole() IS 'Holds at commit that an entry has all its postings and that they balance per currency.';
CREATE FUNCTION ledger.post() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT n.entry_id INTO wrong
      FROM new_postings n
      LEFT JOIN ledger.entries e ON e.entry_id = n.entry_id
      LEFT JOIN ledger.accounts a ON a.account_id = n.account_id
     WHERE e.entry_id IS NULL OR n.posting_no > e.legs OR a.currency IS DISTINCT FROM n.currency OR a.scale <> n.scale
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a posting of entry % has no entry, no account in its currency and scale, or a number beyond the entry''s legs', wrong
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    SELECT n.entry_id INTO wrong
      FROM new_postings n
     GROUP BY n.entry_id, n.currency, n.scale
    HAVING sum(CASE n.side WHEN 'debit' THEN n.amount ELSE -n.amount END) <> 0
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero in every currency', wrong USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO ledger.balances AS b (account_id, stripe, debits, credits)
    SELECT n.account_id, e.record_partition,
           coalesce(sum(n.amount) FILTER (WHERE n.side = 'debit'), 0), coalesce(sum(n.amount) FILTER (WHERE n.side = 'credit'), 0)
      FROM new_postings n JOIN ledger.entries e ON e.entry_id = n.entry_id
     GROUP BY 1, 2
     ORDER BY 1, 2
        ON CONFLICT (account_id, stripe) DO UPDATE SET debits = b.debits + excluded.debits, credits = b.credits + excluded.credits;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger.post() IS 'Holds that postings inserted together balance per entry and currency, and moves the balances in the same statement.';
CREATE FUNCTION ledger.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: nothing in the books is edited; book a reversal', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION risk.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: what was asked and answered stays', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE custodian.acts (
    act_id text NOT NULL,
    action text NOT NULL,
    venue text,
    intent_id text,
    subject text,
    outcome text NOT NULL,
    acted_by text NOT NULL,
    login text DEFAULT SESSION_USER NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT acts_acted_by_check CHECK ((acted_by <> ''::text)),
    CONSTRAINT acts_action_check CHECK ((action <> ''::text)),
    CONSTRAINT acts_reason_check CHECK ((btrim(reason) <> ''::text))
);
COMMENT ON TABLE custodian.acts IS 'Acts of people, each committed with its event in the outbox; nothing is edited.';
CREATE VIEW accounting.acts AS
 SELECT act_id,
    action,
    venue,
    intent_id,
    subject,
    outcome,
    acted_by,
    login,
    reason,
    at
   FROM custodian.acts;
CREATE TABLE ledger.accounts (
    account_id integer NOT NULL,
    account text NOT NULL,
    role text NOT NULL,
    venue text NOT NULL,
    party text,
    currency text NOT NULL,
    scale smallint NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT accounts_role_check CHECK ((role = ANY (ARRAY['custody_asset'::text, 'client_liability'::text])))
);
COMMENT ON TABLE ledger.accounts IS 'One row per account and scale: an account whose currency was given another scale goes on in a second row.';
CREATE TABLE ledger.balances (
    account_id integer NOT NULL,
    stripe integer NOT NULL,
    debits ledger.minor_units DEFAULT 0 NOT NULL,
    credits ledger.minor_units DEFAULT 0 NOT NULL
)
WITH (fillfactor='20');
COMMENT ON TABLE ledger.balances IS 'Sums of the postings, moved by the statement that inserts them and by nothing else.';
CREATE TABLE ledger.currencies (
    currency text NOT NULL,
    scale smallint NOT NULL,
    unit numeric GENERATED ALWAYS AS ((('1e-'::text || (scale)::text))::numeric) STORED,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT currencies_scale_check CHECK (((scale >= 0) AND (scale <= 38)))
);
COMMENT ON TABLE ledger.currencies IS 'The minor units that amounts were booked in: every posting names its scale, so a corrected setting changes no booked amount.';
CREATE VIEW accounting.balances AS
 SELECT a.account,
    a.role,
    a.venue,
    a.party,
    a.currency,
    trim_scale(sum((b.debits * c.unit))) AS debits,
    trim_scale(sum((b.credits * c.unit))) AS credits,
    trim_scale(sum(((b.debits - b.credits) * c.unit))) AS balance
   FROM ((( SELECT balances.account_id,
            sum((balances.debits)::numeric) AS debits,
            sum((balances.credits)::numeric) AS credits
           FROM ledger.balances
          GROUP BY balances.account_id) b
     JOIN ledger.accounts a USING (account_id))
     JOIN ledger.currencies c ON (((c.currency = a.currency) AND (c.scale = a.scale))))
  GROUP BY a.account, a.role, a.venue, a.party, a.currency;
CREATE TABLE ledger.breaks (
    break_id text NOT NULL,
    run_id text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    state text NOT NULL,
    venue text NOT NULL,
    intent_id text,
    transaction_hash text,
    expected jsonb,
    actual jsonb,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT breaks_kind_check CHECK ((kind = upper(kind))),
    CONSTRAINT breaks_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
    CONSTRAINT breaks_state_check CHECK ((state = ANY (ARRAY['open'::text, 'resolved'::text])))
);
CREATE VIEW accounting.breaks AS
 SELECT break_id,
    run_id,
    kind,
    severity,
    state,
    venue,
    intent_id,
    transaction_hash,
    expected,
    actual,
    first_seen_at,
    last_seen_at
   FROM ledger.breaks;
CREATE TABLE ledger.entries (
    entry_id uuid NOT NULL,
    kind text NOT NULL,
    legs smallint NOT NULL,
    venue text NOT NULL,
    intent_id text NOT NULL,
    transaction_hash text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    reverses uuid,
    reason text,
    record_topic text NOT NULL,
    record_partition integer NOT NULL,
    record_offset bigint NOT NULL,
    record_ce_id text NOT NULL,
    side text,
    source_currency text,
    source_amount_actual numeric,
    target_currency text,
    target_amount numeric,
    fx_rate numeric,
    sender_custodian_party_id text,
    receiver_custodian_party_id text,
    sender_party_id text,
    receiver_party_id text,
    market_maker_party_id text,
    terms_sha256 bytea,
    document_sha256 bytea,
    observed_at timestamp with time zone,
    CONSTRAINT entries_document_sha256_check CHECK ((octet_length(document_sha256) = 32)),
    CONSTRAINT entries_kind_check CHECK ((kind = ANY (ARRAY['settlement'::text, 'reversal'::text, 'adjustment'::text]))),
    CONSTRAINT entries_legs_check CHECK ((legs >= 2)),
    CONSTRAINT entries_record_offset_check CHECK ((record_offset >= 0)),
    CONSTRAINT entries_record_partition_check CHECK ((record_partition >= 0)),
    CONSTRAINT entries_side_check CHECK ((side = ANY (ARRAY['sender'::text, 'receiver'::text, 'both'::text]))),
    CONSTRAINT entries_terms_sha256_check CHECK ((octet_length(terms_sha256) = 32)),
    CONSTRAINT reversal_names_what_it_reverses CHECK (((kind = 'reversal'::text) = (reverses IS NOT NULL))),
    CONSTRAINT settlement_states_its_terms CHECK (((kind <> 'settlement'::text) OR ((side IS NOT NULL) AND (source_currency IS NOT NULL) AND (source_amount_actual > (0)::numeric) AND (target_currency IS NOT NULL) AND (target_amount > (0)::numeric) AND (sender_custodian_party_id IS NOT NULL) AND (receiver_custodian_party_id IS NOT NULL) AND (terms_sha256 IS NOT NULL) AND (document_sha256 IS NOT NULL) AND (observed_at IS NOT NULL))))
);
COMMENT ON TABLE ledger.entries IS 'Journal entries; occurred_at is the venue''s time of settlement, recorded_at is when we booked.';
COMMENT ON COLUMN ledger.entries.legs IS 'How many postings the entry has: none can be added later.';
CREATE TABLE ledger.postings (
    entry_id uuid NOT NULL,
    posting_no smallint NOT NULL,
    account_id integer NOT NULL,
    currency text NOT NULL,
    scale smallint NOT NULL,
    side text NOT NULL,
    amount ledger.minor_units NOT NULL,
    CONSTRAINT postings_amount_check CHECK (((amount)::numeric > (0)::numeric)),
    CONSTRAINT postings_posting_no_check CHECK ((posting_no >= 1)),
    CONSTRAINT postings_side_check CHECK ((side = ANY (ARRAY['debit'::text, 'credit'::text])))
);
CREATE VIEW accounting.journal AS
 SELECT entry_id,
    venue,
    intent_id,
    transaction_hash,
    kind,
    occurred_at,
    recorded_at,
    reverses,
    reason,
    jsonb_build_object('topic', record_topic, 'partition', record_partition, 'offset', record_offset) AS source,
    ( SELECT jsonb_agg(jsonb_build_object('account', a.account, 'role', a.role, 'currency', p.currency, 'side', p.side, 'amount', (trim_scale(((p.amount)::numeric * c.unit)))::text) ORDER BY p.posting_no) AS jsonb_agg
           FROM ((ledger.postings p
             JOIN ledger.accounts a USING (account_id))
             JOIN ledger.currencies c ON (((c.currency = p.currency) AND (c.scale = p.scale))))
          WHERE (p.entry_id = e.entry_id)) AS postings,
    side,
    source_currency,
    source_amount_actual,
    target_currency,
    target_amount,
    fx_rate,
    sender_custodian_party_id,
    receiver_custodian_party_id,
    sender_party_id,
    receiver_party_id,
    market_maker_party_id,
    encode(terms_sha256, 'hex'::text) AS terms_sha256,
    encode(document_sha256, 'hex'::text) AS document_sha256,
    record_ce_id AS ce_id
   FROM ledger.entries e;
CREATE VIEW accounting.postings AS
 SELECT p.entry_id,
    p.posting_no,
    e.venue,
    e.intent_id,
    e.kind,
    e.occurred_at,
    e.recorded_at,
    a.account,
    a.role,
    a.party,
    p.currency,
    p.side,
    trim_scale(((p.amount)::numeric * c.unit)) AS amount
   FROM (((ledger.postings p
     JOIN ledger.entries e USING (entry_id))
     JOIN ledger.accounts a USING (account_id))
     JOIN ledger.currencies c ON (((c.currency = p.currency) AND (c.scale = p.scale))));
CREATE TABLE archive.leaves (
    index bigint NOT NULL,
    topic_no smallint NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    sha256 bytea NOT NULL,
    sequenced_at timestamp with time zone NOT NULL,
    CONSTRAINT leaves_index_check CHECK ((index >= 0)),
    CONSTRAINT leaves_sha256_check CHECK ((octet_length(sha256) = 32))
);
COMMENT ON TABLE archive.leaves IS 'One row per record: index counts from 0 without gaps, in the order of offsets within a partition.';
CREATE TABLE archive.passed (
    topic_no smallint NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    last_offset bigint NOT NULL,
    kind text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    sha256 bytea NOT NULL,
    batch bytea NOT NULL,
    CONSTRAINT passed_check CHECK ((last_offset >= "offset")),
    CONSTRAINT passed_kind_check CHECK ((kind = ANY (ARRAY['control'::text, 'aborted'::text]))),
    CONSTRAINT passed_offset_check CHECK (("offset" >= 0)),
    CONSTRAINT passed_partition_check CHECK ((partition >= 0)),
    CONSTRAINT passed_sha256_check CHECK ((octet_length(sha256) = 32))
);
COMMENT ON TABLE archive.passed IS 'Offsets without a record, first to last, and the record batch of Kafka''s log that stands there, verbatim.';
CREATE TABLE archive.records (
    topic_no smallint NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    produced_at timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL,
    ce_id text,
    ce_type text,
    subject text,
    sha256 bytea NOT NULL,
    key bytea,
    headers json NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT records_offset_check CHECK (("offset" >= 0)),
    CONSTRAINT records_partition_check CHECK ((partition >= 0)),
    CONSTRAINT records_sha256_check CHECK ((octet_length(sha256) = 32))
)
WITH (toast_tuple_target='8160');
COMMENT ON TABLE archive.records IS 'Records of Kafka, verbatim; sha256 is of the value bytes, computed by us when we saw them.';
CREATE TABLE archive.topics (
    topic_no smallint NOT NULL,
    topic text NOT NULL
);
ALTER TABLE archive.topics ALTER COLUMN topic_no ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME archive.topics_topic_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE commands.attempts (
    command_id text NOT NULL,
    number integer NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    owner text NOT NULL,
    evidence text NOT NULL,
    outcome text,
    reason text,
    http_status integer,
    ended_at timestamp with time zone,
    CONSTRAINT attempts_number_check CHECK ((number > 0)),
    CONSTRAINT attempts_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'open'::text, 'not_done'::text])))
);
COMMENT ON TABLE commands.attempts IS 'Every call, committed before it leaves; one without an outcome may have had an effect.';
CREATE TABLE commands.halts (
    halt_id bigint NOT NULL,
    venue text,
    pair text,
    reason text NOT NULL,
    halted_by text NOT NULL,
    halted_at timestamp with time zone NOT NULL,
    resumed_by text,
    resumed_reason text,
    resumed_at timestamp with time zone,
    CONSTRAINT halts_check CHECK (((resumed_at IS NULL) = (resumed_by IS NULL))),
    CONSTRAINT halts_pair_check CHECK ((pair ~~ '_%/_%'::text))
);
COMMENT ON TABLE commands.halts IS 'Kill switches for accepting: everywhere (no venue, no pair), for a venue, for a pair, or for a pair at a venue.';
ALTER TABLE commands.halts ALTER COLUMN halt_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME commands.halts_halt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE commands.journal (
    command_id text NOT NULL,
    venue text NOT NULL,
    intent_id text NOT NULL,
    kind text NOT NULL,
    quote_id text,
    decision_id text NOT NULL,
    shadow boolean NOT NULL,
    not_after timestamp with time zone NOT NULL,
    source_currency text NOT NULL,
    target_currency text NOT NULL,
    target_amount numeric NOT NULL,
    source_amount_max numeric,
    fx_rate numeric,
    issued_at timestamp with time zone NOT NULL,
    causation_id text,
    journalled_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    state text DEFAULT 'journalled'::text NOT NULL,
    open boolean DEFAULT true NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    calls_open integer DEFAULT 0 NOT NULL,
    calls_before integer DEFAULT 0 NOT NULL,
    looks integer DEFAULT 0 NOT NULL,
    last_call_at timestamp with time zone,
    quote_valid_until timestamp with time zone,
    next_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    lease_owner text,
    lease_until timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    completed_at timestamp with time zone,
    reason text,
    http_status integer,
    error_code text,
    response text,
    published_at timestamp with time zone,
    CONSTRAINT journal_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT journal_calls_before_check CHECK ((calls_before >= 0)),
    CONSTRAINT journal_calls_open_check CHECK ((calls_open >= 0)),
    CONSTRAINT journal_check CHECK (((kind = 'co_sign_quote'::text) = (quote_id IS NOT NULL))),
    CONSTRAINT journal_check1 CHECK (((kind <> 'co_sign_quote'::text) OR (fx_rate IS NOT NULL))),
    CONSTRAINT journal_check2 CHECK (((state = ANY (ARRAY['journalled'::text, 'sent'::text])) = (completed_at IS NULL))),
    CONSTRAINT journal_check3 CHECK (((state <> ALL (ARRAY['journalled'::text, 'sent'::text])) OR open)),
    CONSTRAINT journal_check4 CHECK (((NOT open) OR (state = ANY (ARRAY['journalled'::text, 'sent'::text, 'unknown'::text])))),
    CONSTRAINT journal_check5 CHECK (((published_at IS NULL) OR (completed_at IS NOT NULL))),
    CONSTRAINT journal_kind_check CHECK ((kind = ANY (ARRAY['accept_proposal'::text, 'co_sign_quote'::text]))),
    CONSTRAINT journal_state_check CHECK ((state = ANY (ARRAY['journalled'::text, 'sent'::text, 'succeeded'::text, 'refused'::text, 'unknown'::text, 'expired'::text, 'shadowed'::text])))
)
WITH (fillfactor='60');
COMMENT ON TABLE commands.journal IS 'Commands as issued, what was tried, and how each ended; a row is committed before its first call.';
COMMENT ON COLUMN commands.journal.open IS 'No definite answer has closed it; an unknown outcome stays open until a command for the same thing goes on from it.';
COMMENT ON COLUMN commands.journal.calls_open IS 'Calls of this command that may have had an effect; calls_before are those of the command that it goes on from.';
CREATE TABLE custodian.closed_letters (
    dead_letter_id text NOT NULL,
    closed_by text NOT NULL,
    reason text NOT NULL,
    closed_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE custodian.closed_letters IS 'Dead letters that a person has looked at and that stay dead: they no longer count as open.';
CREATE TABLE custodian.requeues (
    dead_letter_id text NOT NULL,
    number integer NOT NULL,
    first_id text NOT NULL,
    times integer NOT NULL,
    requeued_by text NOT NULL,
    reason text,
    target text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    produced_at timestamp with time zone,
    CONSTRAINT requeues_number_check CHECK ((number > 0)),
    CONSTRAINT requeues_times_check CHECK ((times > 0))
);
COMMENT ON TABLE custodian.requeues IS 'Requeues of dead letters, who and why: asked before one is requeued, so that each death is put back once.';
CREATE TABLE risk.approvals (
    decision_id text NOT NULL,
    person text NOT NULL,
    named text NOT NULL,
    verdict text NOT NULL,
    shown_sha256 text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT approvals_person_check CHECK ((person <> ''::text)),
    CONSTRAINT approvals_verdict_check CHECK ((verdict = ANY (ARRAY['approve'::text, 'refuse'::text])))
);
COMMENT ON TABLE risk.approvals IS 'What each person said, once per referral; `person` is the name in one spelling, `named` as it was given.';
CREATE TABLE risk.referrals (
    decision_id text NOT NULL,
    request_id text NOT NULL,
    venue text NOT NULL,
    intent_id text NOT NULL,
    question text NOT NULL,
    quote_id text,
    context_sha256 text NOT NULL,
    shown text NOT NULL,
    shown_sha256 text NOT NULL,
    approvers_needed integer NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    decision text NOT NULL,
    causation_id text,
    state text DEFAULT 'pending'::text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    answer_id text,
    CONSTRAINT referrals_approvers_needed_check CHECK ((approvers_needed > 0)),
    CONSTRAINT referrals_check CHECK (((state = 'pending'::text) = (closed_at IS NULL))),
    CONSTRAINT referrals_question_check CHECK ((question = ANY (ARRAY['accept_proposal'::text, 'co_sign_quote'::text]))),
    CONSTRAINT referrals_shown_sha256_check CHECK ((shown_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT referrals_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'refused'::text, 'expired'::text, 'superseded'::text])))
);
COMMENT ON TABLE risk.referrals IS 'Decisions that wait for people, with exactly what people are shown.';
COMMENT ON COLUMN risk.referrals.state IS 'superseded: the question was asked anew on what is known now, and that one counts.';
CREATE VIEW compliance.acts AS
 SELECT acts.act_id,
    acts.action,
    acts.venue,
    acts.intent_id,
    acts.subject,
    acts.outcome,
    acts.acted_by,
    acts.login,
    acts.reason,
    acts.at
   FROM custodian.acts
UNION ALL
 SELECT NULL::text AS act_id,
    'halt'::text AS action,
    halts.venue,
    NULL::text AS intent_id,
    halts.pair AS subject,
    'done'::text AS outcome,
    halts.halted_by AS acted_by,
    NULL::text AS login,
    halts.reason,
    halts.halted_at AS at
   FROM commands.halts
UNION ALL
 SELECT NULL::text AS act_id,
    'resume'::text AS action,
    halts.venue,
    NULL::text AS intent_id,
    halts.pair AS subject,
    'done'::text AS outcome,
    halts.resumed_by AS acted_by,
    NULL::text AS login,
    halts.resumed_reason AS reason,
    halts.resumed_at AS at
   FROM commands.halts
  WHERE (halts.resumed_at IS NOT NULL)
UNION ALL
 SELECT NULL::text AS act_id,
    a.verdict AS action,
    r.venue,
    r.intent_id,
    a.decision_id AS subject,
    'done'::text AS outcome,
    a.named AS acted_by,
    NULL::text AS login,
    a.reason,
    a.at
   FROM (risk.approvals a
     JOIN risk.referrals r USING (decision_id))
UNION ALL
 SELECT NULL::text AS act_id,
    'requeue'::text AS action,
    NULL::text AS venue,
    NULL::text AS intent_id,
    requeues.dead_letter_id AS subject,
        CASE
            WHEN (requeues.produced_at IS NULL) THEN 'begun'::text
            ELSE 'done'::text
        END AS outcome,
    requeues.requeued_by AS acted_by,
    NULL::text AS login,
    requeues.reason,
    requeues.begun_at AS at
   FROM custodian.requeues
UNION ALL
 SELECT NULL::text AS act_id,
    'close'::text AS action,
    NULL::text AS venue,
    NULL::text AS intent_id,
    closed_letters.dead_letter_id AS subject,
    'done'::text AS outcome,
    closed_letters.closed_by AS acted_by,
    NULL::text AS login,
    closed_letters.reason,
    closed_letters.closed_at AS at
   FROM custodian.closed_letters;
COMMENT ON VIEW compliance.acts IS 'Everything that people did, with who, when and why; act_id is the ce_id of its record where the act has one of that id.';
CREATE TABLE risk.answers (
    decision_id text NOT NULL,
    number bigint NOT NULL,
    request_id text NOT NULL,
    context_sha256 text NOT NULL,
    venue text NOT NULL,
    intent_id text NOT NULL,
    question text NOT NULL,
    quote_id text,
    verdict text NOT NULL,
    policy json NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamp with time zone,
    rules json NOT NULL,
    refers_to text,
    event text NOT NULL,
    ce_id text,
    kept_at timestamp with time zone NOT NULL,
    CONSTRAINT answers_question_check CHECK ((question = ANY (ARRAY['accept_proposal'::text, 'co_sign_quote'::text]))),
    CONSTRAINT answers_verdict_check CHECK ((verdict = ANY (ARRAY['ACCEPT'::text, 'REJECT'::text, 'REFER'::text, 'WAIT'::text])))
);
COMMENT ON TABLE risk.answers IS 'Decisions made by anybody: the built-in engine, an external one, people. json, not jsonb: it takes whatever text a stranger writes.';
COMMENT ON COLUMN risk.answers.decided_at IS 'As the decision says; null when that is no time.';
CREATE TABLE risk.questions (
    request_id text NOT NULL,
    context_sha256 text NOT NULL,
    number bigint NOT NULL,
    venue text NOT NULL,
    intent_id text NOT NULL,
    question text NOT NULL,
    round integer NOT NULL,
    context text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    decide_by timestamp with time zone NOT NULL,
    ce_id text,
    kept_at timestamp with time zone NOT NULL,
    CONSTRAINT questions_context_sha256_check CHECK ((context_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT questions_question_check CHECK ((question = ANY (ARRAY['accept_proposal'::text, 'co_sign_quote'::text]))),
    CONSTRAINT questions_round_check CHECK ((round > 0))
);
COMMENT ON TABLE risk.questions IS 'Requests for decisions; `context` is the text that context_sha256 is the digest of, `number` the order of arrival.';
CREATE VIEW compliance.decisions AS
 SELECT a.decision_id,
    a.venue,
    a.intent_id,
    a.question,
    a.quote_id,
    a.verdict,
    a.policy,
    a.decided_by,
    a.decided_at,
    a.rules,
    a.request_id,
    a.refers_to,
    a.context_sha256,
    q.round,
    q.requested_at,
    q.decide_by,
    (q.context)::json AS context,
    a.ce_id,
    a.kept_at AS recorded_at
   FROM (risk.answers a
     LEFT JOIN risk.questions q USING (request_id, context_sha256));
COMMENT ON VIEW compliance.decisions IS 'Every decision with its evidence, in shadow too; `context` is everything that it was a function of, beside policy and counters.';
CREATE VIEW compliance.passed AS
 SELECT t.topic,
    p.partition,
    p."offset",
    p.last_offset,
    p.kind,
    encode(p.sha256, 'hex'::text) AS sha256,
    p.recorded_at,
    p.batch
   FROM (archive.passed p
     JOIN archive.topics t USING (topic_no));
CREATE VIEW compliance.records AS
 SELECT l.index,
    t.topic,
    r.partition,
    r."offset",
    r.ce_id,
    r.ce_type,
    r.subject,
    encode(r.sha256, 'hex'::text) AS sha256,
    r.recorded_at,
    r.produced_at,
    r.key,
    r.headers,
    r.value AS body
   FROM ((archive.records r
     JOIN archive.topics t USING (topic_no))
     LEFT JOIN archive.leaves l ON (((l.topic_no = r.topic_no) AND (l.partition = r.partition) AND (l."offset" = r."offset"))));
CREATE TABLE custodian.ingest_cursors (
    venue text NOT NULL,
    epoch bigint NOT NULL,
    last_event_id text,
    settled_until timestamp with time zone,
    created_until timestamp with time zone,
    backfill_page integer,
    reconciled_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sweep_page integer,
    sweep_pages integer,
    sweep_began_at timestamp with time zone,
    sweep_ended_at timestamp with time zone
)
WITH (fillfactor='20');
COMMENT ON TABLE custodian.ingest_cursors IS 'What is acknowledged by Kafka; settled_until and created_until are times of the venue.';
CREATE TABLE custodian.ingest_evidence (
    venue text NOT NULL,
    intent_id text NOT NULL,
    source_currency text NOT NULL,
    target_currency text NOT NULL,
    snapshot text DEFAULT 'due'::text NOT NULL,
    rates jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT ingest_evidence_snapshot_check CHECK ((snapshot = ANY (ARRAY['due'::text, 'read'::text, 'absent'::text, 'unreadable'::text])))
)
WITH (fillfactor='50');
COMMENT ON TABLE custodian.ingest_evidence IS 'One row while a proposal of ours is pending; rates: the provider''s time of the rate published last, by provider.';
CREATE TABLE custodian.ingest_facts (
    venue text NOT NULL,
    intent_id text NOT NULL,
    ce_id text NOT NULL,
    status text NOT NULL,
    transaction_hash text,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE custodian.ingest_open (
    venue text NOT NULL,
    intent_id text NOT NULL
);
COMMENT ON TABLE custodian.ingest_open IS 'Orders that were open in the venue''s record when last seen: those no longer listed are read one by one.';
CREATE TABLE custodian.ingest_unfinished (
    venue text NOT NULL,
    intent_id text NOT NULL,
    status text NOT NULL,
    lacking text NOT NULL,
    since timestamp with time zone NOT NULL
);
COMMENT ON TABLE custodian.ingest_unfinished IS 'Orders that a hint named and the record has not shown, whose SETTLED lacks terms, or that cannot be read: kept until they are whole.';
CREATE TABLE custodian.leases (
    name text NOT NULL,
    owner text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
WITH (fillfactor='20');
COMMENT ON TABLE custodian.leases IS 'One owner at a time by the clock of this database; the epoch grows with every owner.';
CREATE TABLE custodian.migrations (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE custodian.outbox (
    ce_id text NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    subject text NOT NULL,
    at timestamp with time zone NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    key text NOT NULL,
    value bytea NOT NULL,
    published_at timestamp with time zone
);
COMMENT ON TABLE custodian.outbox IS 'Events that were decided in a database transaction and are published after it, each under its own id.';
ALTER TABLE custodian.outbox ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME custodian.outbox_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE custodian.positions (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint DEFAULT 0 NOT NULL,
    topic_id text NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT positions_next_offset_check CHECK ((next_offset >= 0)),
    CONSTRAINT positions_partition_check CHECK ((partition >= 0))
)
WITH (fillfactor='20');
COMMENT ON TABLE custodian.positions IS 'The next offset of each consumer, stored in the transaction that wrote what came before it.';
CREATE TABLE custodian.readings (
    processor text NOT NULL,
    partition integer NOT NULL,
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    topics text[] NOT NULL,
    firsts bigint[] NOT NULL,
    ends bigint[] NOT NULL,
    looked timestamp with time zone,
    CONSTRAINT readings_check CHECK (((cardinality(topics) = cardinality(firsts)) AND (cardinality(topics) = cardinality(ends)))),
    CONSTRAINT readings_partition_check CHECK ((partition >= 0))
);
COMMENT ON TABLE custodian.readings IS 'One row for each transaction of a processor: the topics whose records it did, in that order, each with its first offset and the one behind its last; without topics: it woke the states that were due at the time `at`. `looked`: when this worker had looked last what was due.';
ALTER TABLE custodian.readings ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME custodian.readings_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE custodian.request_budgets (
    venue text NOT NULL,
    arrival double precision NOT NULL,
    accepts double precision DEFAULT 0 NOT NULL,
    others_until double precision DEFAULT 0 NOT NULL
)
WITH (fillfactor='20');
COMMENT ON TABLE custodian.request_budgets IS 'Seconds since 1970 up to which the requests to a venue are spent, over all processes.';
COMMENT ON COLUMN custodian.request_budgets.accepts IS 'Seconds since 1970 up to which the share of accept calls and their readings is spent.';
COMMENT ON COLUMN custodian.request_budgets.others_until IS 'Seconds since 1970 until which other requests are known to wait for a permit.';
CREATE TABLE custodian.requeued (
    dead_letter_id text NOT NULL,
    target text NOT NULL,
    requeued_at timestamp with time zone NOT NULL,
    times integer DEFAULT 1 NOT NULL
);
COMMENT ON TABLE custodian.requeued IS 'Which dead letters were requeued, where to and when last: asked before one is requeued again.';
CREATE TABLE custodian.resolutions (
    act_id text NOT NULL,
    break_id text NOT NULL,
    expected jsonb,
    actual jsonb,
    ended_at timestamp with time zone
);
COMMENT ON TABLE custodian.resolutions IS 'What each break said when a person resolved it, and when that ceased to hold.';
CREATE TABLE custodian.roles (
    instance text NOT NULL,
    role text NOT NULL,
    pid integer NOT NULL,
    host text NOT NULL,
    metrics_port integer,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    healthy boolean DEFAULT true NOT NULL,
    restarts integer DEFAULT 0 NOT NULL,
    report jsonb DEFAULT '{}'::jsonb NOT NULL,
    starts timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL
);
COMMENT ON TABLE custodian.roles IS 'Heartbeats of running roles; a row that is not renewed is of a role that died.';
CREATE TABLE custodian.set_aside (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    dead_letter_id text NOT NULL,
    fault text NOT NULL,
    traceback_sha256 text,
    failures integer NOT NULL,
    skipped_by text,
    at timestamp with time zone NOT NULL
);
COMMENT ON TABLE custodian.set_aside IS 'Records that were dead-lettered because they failed again and again, or because a person skipped them.';
CREATE TABLE custodian.states (
    processor text NOT NULL,
    key text NOT NULL,
    state jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    partition integer,
    wake_at timestamp with time zone,
    CONSTRAINT states_partition_check CHECK ((partition >= 0))
)
WITH (fillfactor='80');
COMMENT ON TABLE custodian.states IS 'One row per processor and key. fillfactor 80, by measurement: an order followed to its end has 77 % of its updates on their page (100: 59 %, 70: 85 %), and one that is settled when first seen, never updated again, costs 25 % more room than at 100 (70: 43 %). No index on updated_at: with one no update stays on its page. Old settled rows go by `custodian states prune`. Decision 0011.';
COMMENT ON COLUMN custodian.states.wake_at IS 'The time from which the worker that has this partition wakes the processor; null: it waits for nothing.';
CREATE TABLE custodian.suspects (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    key text DEFAULT ''::text NOT NULL,
    "offset" bigint NOT NULL,
    alone boolean NOT NULL,
    failures integer NOT NULL,
    answered boolean NOT NULL,
    fault text,
    traceback_sha256 text,
    since timestamp with time zone NOT NULL,
    tried_at timestamp with time zone NOT NULL,
    parked_at timestamp with time zone,
    asked text,
    asked_by text,
    asked_reason text,
    CONSTRAINT suspects_asked_check CHECK ((asked = ANY (ARRAY['retry'::text, 'skip'::text])))
)
WITH (fillfactor='20');
COMMENT ON TABLE custodian.suspects IS 'Attempts noted before they are made; a row with parked_at is a partition that stands until a person has looked.';
CREATE TABLE custodian.venue_parties (
    venue text NOT NULL,
    party_id text NOT NULL,
    pinned_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT venue_parties_party_id_check CHECK ((party_id <> ''::text))
);
COMMENT ON TABLE custodian.venue_parties IS 'The party that a venue named first; never updated.';
CREATE TABLE custodian.venues (
    venue text NOT NULL,
    connected boolean DEFAULT false NOT NULL,
    last_byte_at timestamp with time zone,
    last_reconciled_at timestamp with time zone,
    owner text,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    trouble text,
    sweep_page integer,
    sweep_pages integer,
    sweep_began_at timestamp with time zone,
    sweep_ended_at timestamp with time zone,
    unfinished bigint,
    unfinished_since timestamp with time zone
)
WITH (fillfactor='20');
COMMENT ON TABLE custodian.venues IS 'How the ingest of each venue is, as its owner last wrote it.';
ALTER TABLE ledger.accounts ALTER COLUMN account_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger.accounts_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE risk.answers ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME risk.answers_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE risk.decisions (
    request_id text NOT NULL,
    context_sha256 text NOT NULL,
    decision_id text NOT NULL,
    venue text NOT NULL,
    intent_id text NOT NULL,
    question text NOT NULL,
    verdict text NOT NULL,
    decision text NOT NULL,
    quotes jsonb DEFAULT '{}'::jsonb NOT NULL,
    decided_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE risk.decisions IS 'Answers, committed before they are published: a question that is read again after a crash gets the same bytes.';
CREATE TABLE risk.ended (
    venue text NOT NULL,
    intent_id text NOT NULL,
    status text NOT NULL,
    noted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
COMMENT ON TABLE risk.ended IS 'Orders that the venue shows as ended, kept also when nobody has asked yet: a question may arrive after its order''s end.';
CREATE TABLE risk.exposures (
    venue text NOT NULL,
    intent_id text NOT NULL,
    state text NOT NULL,
    pair text NOT NULL,
    source_currency text NOT NULL,
    target_currency text NOT NULL,
    sender_party_id text,
    receiver_party_id text,
    market_maker_party_id text,
    quote_id text,
    target_amount numeric,
    source_amount_max numeric,
    source_amount numeric,
    asked_at timestamp with time zone NOT NULL,
    reserved_at timestamp with time zone,
    accepted_by text,
    signed_by text,
    refused text[] DEFAULT '{}'::text[] NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT exposures_check CHECK (((reserved_at IS NOT NULL) OR (state <> ALL (ARRAY['reserved'::text, 'settled'::text])))),
    CONSTRAINT exposures_source_amount_check CHECK ((source_amount > (0)::numeric)),
    CONSTRAINT exposures_source_amount_max_check CHECK ((source_amount_max > (0)::numeric)),
    CONSTRAINT exposures_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'declined'::text, 'reserved'::text, 'released'::text, 'settled'::text]))),
    CONSTRAINT exposures_target_amount_check CHECK ((target_amount > (0)::numeric))
)
WITH (fillfactor='70');
COMMENT ON TABLE risk.exposures IS 'One row per order that was asked about. Limits are sums over these rows; amounts are as the venue states them.';
COMMENT ON COLUMN risk.exposures.accepted_by IS 'The decision that reserved; a refusal of an earlier one, read late, releases nothing.';
COMMENT ON COLUMN risk.exposures.refused IS 'Decisions whose accept the venue refused: they reserve no more, in whatever order the news arrives.';
ALTER TABLE risk.questions ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME risk.questions_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO archive.leaves VALUES
	(0, 1, 1, 0, 'vPDBO\025H[\272\300\375&\254\035\3600u\020\357\017-\\\271sL\327\256 N\230\315\240', '2026-11-30 21:58:00.075424+00'),
	(1, 1, 2, 0, 'I\211\343\316\322\254\235\275\273\221\302A\342\030\227\321\324\276\240\302w\261\245\311K\002\203*\306 M\363', '2026-11-30 21:58:00.075424+00'),
	(2, 1, 2, 1, '\304\033\275\355vX\034y\231\323\3111\337:v\340+\013\272f\261\366\034\023)\036\2304\262\020H\220', '2026-11-30 21:58:00.075424+00'),
	(3, 1, 2, 2, 'd4\355x%%\013\352\261\227\257\023%\304\255\035"3Brx\225\237\335^fH9H\263\355\003', '2026-11-30 21:58:00.075424+00'),
	(4, 1, 2, 3, '"\261\257\366\254\201\342\015S\221\367\371}\251\321\3051F\030\346\333\367o*3\025\347\252\201\031\230l', '2026-11-30 21:58:00.075424+00'),
	(5, 1, 1, 1, 'q\310\032\001\366\364\034\244\032\235\206\262a\242\322_\323]\014\261\375\244\001\234\330\244\352\020!\012\264\275', '2026-11-30 21:58:00.075424+00'),
	(6, 2, 2, 0, '\222\364\242\230\242q\373\320\244\002\315\252\305+1\257\250\036\236\327\207\222\002\302X\200w\350e\004\033\317', '2026-11-30 21:58:00.075424+00'),
	(7, 3, 2, 0, 'in}!\370\307f\366\276D\2245\005B:M\366]\341C\321\247\212\235\202gl\300U\307\310\224', '2026-11-30 21:58:00.075424+00'),
	(8, 4, 2, 0, '\237\377v\276\037\275\224\016\213Y\004\226\377\322\343\252=8\371\245/>>\375{\265\232\312\033\024!]', '2026-11-30 21:58:00.623912+00'),
	(9, 5, 1, 0, 'G\273\347\004P<X\244\032\305\336\210q\244N&\372\355\244\261\344)\265\376\371\354\377)l\015B|', '2026-11-30 21:58:00.623912+00'),
	(10, 5, 2, 0, 'v\177\312\012TrG\217\224\266D\224\302\250i\0009\005\331\301\0203\010/\223\370\320f@:\272i', '2026-11-30 21:58:00.623912+00'),
	(11, 6, 2, 0, '\001\367\014<\211\010!*\034\213/9\207\273d\317^\312s\320k!\345q~\313\\]\025\310u\301', '2026-11-30 21:58:00.623912+00'),
	(12, 8, 2, 0, '\017\221\032\345\245\377\204k[\\\201\374\3662\356\260\226?;?i\200\217\007WD\375^\026\267Sv', '2026-11-30 21:58:01.147895+00'),
	(13, 9, 2, 0, '\207\276\273\031\375\250vqa\304\332;~Ta~?\276"\251Y\036\277g/\211\224\334\025\236\016\367', '2026-11-30 21:58:02.161864+00'),
	(14, 9, 2, 1, '+AvbM{K<\246\034a\366\276W&\015\001\345%*\204\264\360\342\312\243S\331l\314\307u', '2026-11-30 21:58:02.161864+00'),
	(15, 3, 2, 1, 'K\257X\015\246\210P\267\374\212J\342\237W\256\323\270{\245\215\267^U\320\201,\244\2141\355B\340', '2026-11-30 21:58:02.161864+00'),
	(16, 4, 2, 1, '0I\342\274\031\003\222aS\300\237\371%7\314\362\200@\247\320\310\012\232Gjc\\S\204\023\227,', '2026-11-30 21:58:02.669583+00'),
	(17, 6, 2, 1, '\245\030\317\3024\006\263\3479\302\343\272\234N\012\332d\305\303{\005F\271v\0265\344\302\015\304\261v', '2026-11-30 21:58:02.669583+00'),
	(18, 1, 2, 4, '\333m,9O\333\322|\261\260&\276\225EZK\013\213%\006\344\333\023\177\221EeS\271\335\327D', '2026-11-30 21:58:02.669583+00'),
	(19, 8, 2, 1, '\017V\213Kp\344\014K\3762\0067\253`\324j\360\261z\030:''\211\342BR\035\220o\275\017\370', '2026-11-30 21:58:02.669583+00'),
	(20, 1, 2, 5, '\343Je\373\253\271\242D\006\222o\373\027\335\314\027\022\3363\340n\271ecljlO\323\214d\205', '2026-11-30 21:58:02.669583+00'),
	(21, 1, 2, 6, '\012\365\004Wsz\215\215h\302\363[1%\012\263\244\237\376,g\327\020\003<Gb1\336\273\003\306', '2026-11-30 21:58:02.669583+00'),
	(22, 1, 2, 7, 'h\203@\312\345/7\230\221\216!h\177\341j\347\235I\340\025\006\177\204\034\216g\317N\335})\202', '2026-11-30 21:58:02.669583+00'),
	(23, 1, 2, 8, '\\\033\310\361\350qQ\3205\327E}W\177[n4y*\342-\2240\311\260\353\201\246j\323O\245', '2026-11-30 21:58:03.201173+00'),
	(24, 1, 2, 9, '!S\311\251\263\316\203\231C\322\205G,`\253\350\015B\337=\306#\355l\001qB\034\010;\311\255', '2026-11-30 21:58:03.201173+00'),
	(25, 5, 2, 1, 'Wwy\257\360\033\346\367h|\2709\336[\250(\241+\370\000\262*)\360\371\226\330\005\\\215\002?', '2026-11-30 21:58:03.201173+00'),
	(26, 1, 0, 0, '}\014\301\006\212\276\225j2\232\376\354"\247n\371\254\014\364\256\260\306\257)\201\355\251\014\001\236\2623', '2026-11-30 21:58:03.201173+00'),
	(27, 1, 0, 1, '\307K\304u\377\035\351E,\022\376\275T\013\246z\343\203\273\325\022\273\225\220\306P\0251/\024\354t', '2026-11-30 21:58:03.726069+00'),
	(28, 2, 0, 0, '\345\035\255\237n\246\002\0127\261~I\211\201p\376\311\207\257\277V\334\254>\376\342Ly\376\304U\352', '2026-11-30 21:58:03.726069+00'),
	(29, 3, 0, 0, '\242l\242\252 \374\250z\301\355\337\036\000T\332\327y@%\361\032\363)\355\351\001]4\037\227_f', '2026-11-30 21:58:03.726069+00'),
	(30, 4, 0, 0, '&r\356\367\316j\363\033\015iv,\350j\344\320r\327\026\316e\222\330>\271WM\033\320\254\373\305', '2026-11-30 21:58:03.726069+00'),
	(31, 10, 0, 0, '\316_\3251%\222\016g;\376\354\335\317\010\254ou\240''\356\365\333sm\006h\025+\342H\206\221', '2026-11-30 21:58:07.356754+00'),
	(32, 4, 0, 1, '\347I\034\371\015\357\257\037\222\023\235\351''\323z\022\022\321\244E\342d\243\015\206\212\002\0102\2415\314', '2026-11-30 21:58:13.711338+00'),
	(33, 10, 0, 1, '\327\372\236\302,\344\012zC\352\235\037\322\000u\212\200\257\236\232\023\344gn\241\314L\232\261\332\216\301', '2026-11-30 21:58:13.711338+00'),
	(34, 6, 0, 0, 'Z\366zo''\256\274^\3655\206%\257\230\201\0355\221\246+B\303\030\031\342\3764C\217=\214\266', '2026-11-30 21:58:13.711338+00'),
	(35, 8, 0, 0, '\340\306\240a\341\2636\310\272\206\355\204\207<\262g\343\005`\010\011\275\006r\266\261\343L\273\346\027u', '2026-11-30 21:58:13.711338+00'),
	(36, 9, 0, 0, '\004\266\347FF6\027\224\227*\267\026\335\322\343V\3517\331\277\2023&O\351c\243\330,_\365\312', '2026-11-30 21:58:14.233819+00'),
	(37, 9, 0, 1, 'M{\327\333\034\274\265\313\267\034\2208\014h,\237(U\026*\311\371\254\214\235\036\342\2119\213K_', '2026-11-30 21:58:14.750141+00'),
	(38, 3, 0, 1, '\304\351E\327\017.#\220\016\277\372\222\264\332\276\340\355\003\222\036t\2268E\036\211\235*\334+y\244', '2026-11-30 21:58:14.750141+00'),
	(39, 3, 0, 2, '\336\347\004\004\021\254\321\230\273\312T##~E\232\355\263[\223\005\220n\376m ku(+pW', '2026-11-30 21:58:14.750141+00'),
	(40, 4, 0, 2, '\235\026!\227\027i\331\037W-@\260\035\363Y7\020\234\370J\301\344\203\306\262C\272\374W\374\366\346', '2026-11-30 21:58:14.750141+00'),
	(41, 4, 0, 3, 'yk\376\266\223a\356k\324\313a\030\315\361\013\302!\341\345\013''b\003\246\017\377D\177P1r\265', '2026-11-30 21:58:15.267562+00'),
	(42, 6, 0, 1, '\001s\313b\305\233\011\220\212\250\212\276\341{F!\376@3\325\234\200\351\010\210\023\306\314/\213MK', '2026-11-30 21:58:15.267562+00'),
	(43, 1, 0, 2, 'C\373eE\263\271\311\025\016\330\330=G\307\305<\036\351\003\275\266)}m\254Hl\370\006\370\341>', '2026-11-30 21:58:15.267562+00'),
	(44, 1, 0, 3, '>\020_\255s}\025\371$\273\271\327\207\350\325C\226\354\303\361\272=\305YE\341\200q\225\371\035\010', '2026-11-30 21:58:15.267562+00'),
	(45, 1, 0, 4, '\214m4q\255\311\274\2673C\346\000\245\014\275\277\341S@5\233\266\020\022\303\274tj\301m\212?', '2026-11-30 21:58:15.267562+00'),
	(46, 8, 0, 1, '\216TN\355x\240\260E\322\340>1\001U\227\273&\376\251\2018\266\314\215\\E''\373K\273\201C', '2026-11-30 21:58:15.267562+00'),
	(47, 1, 0, 5, '[\223\301\274E)b\250\011\314\330\316l\253l\255\210T@xe\341\311\256V\210\200B\022b\207j', '2026-11-30 21:58:15.774276+00'),
	(48, 1, 0, 6, '\243\267\203\034\277\276<\271t\265\220\250u\264\016\352\342\232\340\333J\206&\226e>\310v\371\241y\367', '2026-11-30 21:58:15.774276+00'),
	(49, 5, 0, 0, '|\264}\217l^\325\321"\235H<\262\200\0142\256\031m<\006`F3X\213\306\232#tp\264', '2026-11-30 21:58:15.774276+00'),
	(50, 1, 1, 2, 'd\202u\215\350\312\234D&\274vq0\260s!ecQ\273&\037\3166/2\302\366C\320A?', '2026-11-30 21:58:15.774276+00'),
	(51, 1, 1, 3, '%>\214P\356\017:;\0150\254mcJ\005:\227l\302C\355\353\315\202\231]4\260e|\377s', '2026-11-30 21:58:15.774276+00'),
	(52, 1, 2, 10, '\024Fp\005\025o\367\211\335\250\025\011_\022\257\2405\227s\267-f\330LT\363!\036I\034\274x', '2026-11-30 21:58:15.774276+00'),
	(53, 1, 2, 11, '\003z+$\375WJ\036\237\214\365\\\255\370\260.\247(\245<\236-I[\306\313\000ar:\016\017', '2026-11-30 21:58:15.774276+00'),
	(54, 2, 1, 0, '\302\222\253\326\033\230\221Z\016&\013\026JLj\014h^F\214T\257\262\227\361\322\277~\362\255\262+', '2026-11-30 21:58:15.774276+00'),
	(55, 2, 2, 1, 'U6\322\003\000\270\326[\203\372\203\026\260\010N>#\2556S\367S{''\036\367j\331\215\035\317_', '2026-11-30 21:58:15.774276+00'),
	(56, 3, 1, 0, '\035\016\362Z\207\225\177\205$\3409\010\303Y\353\331\240N.*A\011\003\022\351y\327\333\231\244\201\240', '2026-11-30 21:58:15.774276+00'),
	(57, 3, 2, 2, '&\351\333\325_\244j,\272\023\011\375\260T \032%\235\252\312\177\221-B\274c\007\370\036Ln\267', '2026-11-30 21:58:16.280367+00'),
	(58, 4, 1, 0, '\243s\\ \025\273l5\330\2671\325\236\030\274g\330\254Tq\036\253\366sr\373\2511^\243\305\010', '2026-11-30 21:58:16.280367+00'),
	(59, 4, 2, 2, '\021\203D\245\237\266\352\006\273\224\254\346 \032\244\322-\023\037\361\316\223\020\210D:\341 $\220i6', '2026-11-30 21:58:16.280367+00'),
	(60, 10, 1, 0, 'd4\213\031~\211\347^\376"p\354\244\000\301\317M\011\225\310\306\263(5\013}m\250\023\350PF', '2026-11-30 21:58:18.305869+00'),
	(61, 1, 2, 12, '\264\367\253\2565\367$\344\326k\357\2713\3559j\212\021\250]\255\023\372\325\254 \213_a4\247\261', '2026-11-30 21:58:21.345194+00'),
	(62, 12, 0, 0, '\254\337\210\005R\363f\272\035\004\346\343\300\017\3608\007c\227\303\011\260d\200\013\326C\375!\306\262\226', '2026-11-30 21:58:21.345194+00'),
	(63, 10, 2, 0, 'F\204\261\376~\232!\225\332\327\014\350\324H\246\3642\021\010O\325AGn\264#IY-\347\254\264', '2026-11-30 21:58:21.345194+00'),
	(64, 11, 2, 0, '\367\350 \377\001\035\0251\321*\227\200._\263\246\237\002fk\315\232t\3632\303!7K\232\312\270', '2026-11-30 21:58:21.345194+00'),
	(65, 10, 2, 1, '\366\222J\372\004\230\011\037/o\220:7\033\277?\220\253\374\3739\016\002\2265\372U\227i>\341\235', '2026-11-30 21:58:22.872464+00'),
	(66, 1, 2, 13, '\005\334\320p\217E\301 2\276\011(\247\312i\330\243\265\236\264\262r"\232\262<{Y\376\243\004\337', '2026-11-30 21:58:22.872464+00'),
	(67, 1, 2, 14, '\324f\013\035\246\343\0102\017\243}r\373\263\334\362\255\220\320\374\221H\342\322S\335\217\266\317W3\321', '2026-11-30 21:58:22.872464+00'),
	(68, 2, 2, 2, '%"\221O\232;\242k\375*\275\327\3312\030\233BpV\273E\200\331\332!\263\260\326\317;\376\335', '2026-11-30 21:58:22.872464+00'),
	(69, 3, 2, 3, '\304\307\273B\203\261\010\247v">x\302\236j)t\300\213\2370L$\3454\245:\017p\270\336\302', '2026-11-30 21:58:22.872464+00'),
	(70, 4, 2, 3, '\227\321\370\227;7L\363\012\233\353\004l\316w\240m\261\372\022\365\330\250\234\267\030\345@q\365\343R', '2026-11-30 21:58:22.872464+00'),
	(71, 6, 2, 2, 'C\021\3700N<+3\215\341\011\232\330\315\235\337\271\371\310\214\327}\346\330RMaW\246\350\005\376', '2026-11-30 21:58:22.872464+00'),
	(72, 8, 2, 2, '''KRg=\254%s}ZN\362\276e\016\322j_\271\017\343\007\213\253\270\007{7fC\311\342', '2026-11-30 21:58:22.872464+00'),
	(73, 1, 0, 7, '[\333:\007\234\340u\227d6`\356U\013\177\371r \347\212\364$\261\207sP\214\353\260`\331\317', '2026-11-30 21:58:22.872464+00'),
	(74, 1, 1, 4, '\220\212\265Wf84\235\227\213\214\\\2775\260+\367C\345[J\225\346J\304\254\256XD\357u\006', '2026-11-30 21:58:22.872464+00'),
	(75, 1, 0, 8, 'A\012n\363w^\346l\242\031\357MD(\003B\032\235}\321\234\304\312\371\347\316\265S\340\307\267\347', '2026-11-30 21:58:23.393956+00'),
	(76, 2, 0, 1, 'T\312\227\276\233\222\001\376\240\265\217D/\006WX\227"R\234\207\220\327(\210SA\021\222\3613\351', '2026-11-30 21:58:23.393956+00'),
	(77, 1, 1, 5, 'PZ\343\177\214\230\255\015\222B\2459&\304"t\2313\246~0\363B\317kk2\356r\221+e', '2026-11-30 21:58:23.393956+00'),
	(78, 2, 1, 1, '\304\355\305\264\237\2645\300g\011\204\316~4M\034\2549\360N\252\325\274\271\235\237\243Wr\012-\364', '2026-11-30 21:58:23.393956+00'),
	(79, 3, 0, 3, '[3b8\217$\270\265M@\201/\326\202p\367;\226\225\004\360\015f\246\002|\204/\304>\235\032', '2026-11-30 21:58:23.393956+00'),
	(80, 3, 1, 1, '\012\352\346)\034\320\335\225"J\212\000\204a{}d\337\227\326H!GRN\004\201_\317\002\030R', '2026-11-30 21:58:23.393956+00'),
	(81, 4, 0, 4, 'A\234\277PX\342\011m\266B\377GM\264\230\301\015\332E\205z\007\264rq{9B\241\271\000\367', '2026-11-30 21:58:23.393956+00'),
	(82, 6, 0, 2, '\223]\230\377\223\262Z\321\313\300\312\307\214\227g1`\354d\012\321!\233L\014\313\335\376\242~\003\217', '2026-11-30 21:58:23.393956+00'),
	(83, 4, 1, 1, '\204\324\235O\016;\300\246\370^\3234\343c\020\377\201BFj\31601\260\000\233\270\250\252\373\\u', '2026-11-30 21:58:23.393956+00'),
	(84, 6, 1, 0, '\006\277\223\222\010\237\247\034M\252\346?=\025\371\243\301\277o\300\263\015\214\343\335I[+\225l\247\211', '2026-11-30 21:58:23.393956+00'),
	(85, 9, 1, 0, '\273\261u\316\301\363p\304#\234j\035\231l\376\277i''\011\215\227\321dC1eVA\377\301\205\241', '2026-11-30 21:58:23.90604+00'),
	(86, 9, 1, 1, 'I\370\224\217\036\270\373\332u\376\035(\313w\300v/\252\262Z\204qD\025\301\234\033\032\3468\317\251', '2026-11-30 21:58:23.90604+00'),
	(87, 3, 2, 4, '\350\007\\i\353\3758e\3726s''\330\226\271\254\233z\315&\025\371h\215\204\022\307\214\363\024|Z', '2026-11-30 21:58:24.925949+00'),
	(88, 4, 2, 4, '~M\271\\\351\372\023\317*\332\301E4\322A+~8\342\251\030T\\\231\273\310n\271\266z+D', '2026-11-30 21:58:24.925949+00'),
	(89, 6, 2, 3, '\006r\231\300\335\210p\236\360\025\230B\327\177b\345\232\3600\260n\256}-\263<1\332\216s\332\322', '2026-11-30 21:58:24.925949+00'),
	(90, 1, 0, 9, '\227\362\275L;a~w\034\227\270\306\230/\372)d\264\003u\303\205\363c\321h\203:A\327\263\367', '2026-11-30 21:58:35.049456+00'),
	(91, 1, 1, 6, '\2359\345%B\345\332\307\265\306\307\032<\332\342\341\337\024T\254\206\315*\312\312z\221n\375P\247\334', '2026-11-30 21:58:35.049456+00'),
	(92, 1, 0, 10, '\331av67\217i\321\036\251+\241\312\275E\346\214\001\022\302q\316zh|\334DIXL\335\232', '2026-11-30 21:58:35.049456+00'),
	(93, 2, 0, 2, '?\335\246F\035g\270R&\301!i\341\214\201\220F\364\316xY\313-*\273x\205U\22762\223', '2026-11-30 21:58:35.049456+00'),
	(94, 9, 1, 2, '%\326\225\315\240\204\372\227\032w\357\023\014\006\340k\370&\374\320\267\3310\260\2164\226od\345\\\243', '2026-11-30 21:58:35.049456+00'),
	(95, 3, 0, 4, '\300\225\240\252@\307\012a\267\277[\367\324\020\232\177)\367Q_W\314G\037\262\036\270#{e\263 ', '2026-11-30 21:58:35.563517+00');
INSERT INTO archive.topics OVERRIDING SYSTEM VALUE VALUES
	(1, 'before.custody.order-updated.v1'),
	(2, 'before.custody.compliance-read.v1'),
	(3, 'before.custody.decision-requested.v1'),
	(4, 'before.custody.decision-made.v1'),
	(5, 'before.custody.order-settled.v1'),
	(6, 'before.custody.command-issued.v1'),
	(8, 'before.custody.command-completed.v1'),
	(9, 'before.custody.quote-received.v1'),
	(10, 'before.custody.operator-acted.v1'),
	(11, 'before.custody.alarm-raised.v1'),
	(12, 'before.custody.dead-letter.v1');
INSERT INTO commands.attempts VALUES
	('5f126f861b6022c7895d301cfb154e8d', 1, '2026-11-30 21:58:00.8212+00', 'before-2949-commands', '{"read_at": "2026-11-30T21:58:00.820557Z", "order_sha256": "6603a0fc139f71042c1c7ca46a8808a01f444e7ebbea7f7e1972040d9c531291", "venue_time_from": "2026-11-30T21:58:00.096776Z", "venue_time_to": "2026-11-30T21:58:01.022192Z"}', 'done', NULL, 200, '2026-11-30 21:58:00.88908+00'),
	('a090ede6a26fbc0d272fba01318cfd6c', 1, '2026-11-30 21:58:02.292855+00', 'before-2949-commands', '{"read_at": "2026-11-30T21:58:02.265124Z", "order_sha256": "6603a0fc139f71042c1c7ca46a8808a01f444e7ebbea7f7e1972040d9c531291", "quote_sha256": "78fa6b5bb98434fa02af109b5643feaa6bca002bf46a2810ba24559a9d8a8bb8", "venue_time_from": "2026-11-30T21:58:02.035485Z", "venue_time_to": "2026-11-30T21:58:02.422105Z"}', 'done', NULL, 200, '2026-11-30 21:58:02.359291+00'),
	('00086f91f32985e5bf986bb63e416977', 1, '2026-11-30 21:58:13.340696+00', 'before-2949-commands', '{"read_at": "2026-11-30T21:58:13.340157Z", "order_sha256": "f190dfb1e518bbab7d7c419a432a29f582c459a359c11361302493d0104d9cc8", "venue_time_from": "2026-11-30T21:58:13.083325Z", "venue_time_to": "2026-11-30T21:58:13.469945Z"}', 'done', NULL, 200, '2026-11-30 21:58:13.362232+00'),
	('1791b34a7b98d58f2e439e4f59307c70', 1, '2026-11-30 21:58:14.826924+00', 'before-2949-commands', '{"read_at": "2026-11-30T21:58:14.825304Z", "order_sha256": "f190dfb1e518bbab7d7c419a432a29f582c459a359c11361302493d0104d9cc8", "quote_sha256": "fe79e2fd0b80a2e770a72a1ce3b914d3d2adb9d1332a9c476768d41a49b16adb", "venue_time_from": "2026-11-30T21:58:14.569553Z", "venue_time_to": "2026-11-30T21:58:14.956173Z"}', 'done', NULL, 200, '2026-11-30 21:58:14.872585+00'),
	('7dc41ab21ee2b995311d31bff120c113', 1, '2026-11-30 21:58:23.005114+00', 'before-2949-commands', '{"read_at": "2026-11-30T21:58:23.001386Z", "order_sha256": "98da883f8c15cb1f8e135450a4acdda226536dd18fd16e1636d10aac33ba58be", "venue_time_from": "2026-11-30T21:58:23.004129Z", "venue_time_to": "2026-11-30T21:58:23.166686Z"}', NULL, NULL, NULL, NULL),
	('b6679bf21c853ad5c7768a54327c4978', 1, '2026-11-30 21:58:23.031728+00', 'before-2949-commands', '{"read_at": "2026-11-30T21:58:23.031430Z", "order_sha256": "0df07ab0a18b712ca625fbe724b873257a25344f449d152f50e48dcdd2613245", "venue_time_from": "2026-11-30T21:58:23.030742Z", "venue_time_to": "2026-11-30T21:58:23.193299Z"}', NULL, NULL, NULL, NULL);
INSERT INTO commands.halts OVERRIDING SYSTEM VALUE VALUES
	(1, NULL, 'EURCx/USDCx', 'a question about this pair', 'Officer One', '2026-11-30 21:58:22.032582+00', NULL, NULL, NULL);
INSERT INTO commands.journal VALUES
	('a090ede6a26fbc0d272fba01318cfd6c', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', '0040d885-edef-4b88-ad56-4387894ceb9f', 'a628ea4fbdc4b1643961a6cb78cc9990', false, '2076-11-17 21:57:59.427+00', 'JPYSC0', 'USDCx', 1000, NULL, 112.0, '2026-11-30 21:58:02.132415+00', 'a090ede6a26fbc0d272fba01318cfd6c', '2026-11-30 21:58:02.181112+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 21:58:02.292855+00', '2076-11-17 21:58:01.378+00', '2026-11-30 21:58:02.181112+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 21:58:02.292855+00', '2026-11-30 21:58:02.355427+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","status":"QUOTED","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","fx_rate":"112.0","source_amount_actual":"112000","created_at":"2026-11-30T21:57:59.427Z","expires_at":"2076-11-17T21:57:59.427Z","quote_submitted_at":"2026-11-30T21:58:01.378Z","quote_valid_until":"2076-11-17T21:58:01.378Z","quote_accepted_at":"2026-11-30T21:58:02.336Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","kyc_aml_ref":"e3a821d0-6cb8-4546-a73d-d0b9b81a29f3","intent_signature":"30450221002e61ea05c37848754b866c32f7ba1b7a7d3145247e154c265035497c84b8","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_f576c49d","timestamp":"2026-11-30T21:58:02.347Z"}}', '2026-11-30 21:58:02.429804+00'),
	('5f126f861b6022c7895d301cfb154e8d', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', NULL, '617ed4023e1575a3806f7a75a03d9032', false, '2076-11-17 21:57:57.427+00', 'JPYSC0', 'USDCx', 1000, NULL, NULL, '2026-11-30 21:58:00.075584+00', '5f126f861b6022c7895d301cfb154e8d', '2026-11-30 21:58:00.259706+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 21:58:00.8212+00', NULL, '2026-11-30 21:58:00.259706+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 21:58:00.8212+00', '2026-11-30 21:58:00.885891+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","status":"PENDING","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T21:57:59.427Z","expires_at":"2076-11-17T21:57:59.427Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","kyc_aml_ref":"e3a821d0-6cb8-4546-a73d-d0b9b81a29f3","intent_signature":"30450221002e61ea05c37848754b866c32f7ba1b7a7d3145247e154c265035497c84b8","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_15a69b74","timestamp":"2026-11-30T21:58:00.881Z"}}', '2026-11-30 21:58:00.913906+00'),
	('1791b34a7b98d58f2e439e4f59307c70', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'e7fee533-1b07-4c16-886b-a937aa3de573', '165b22be2e8c2376d086406ae8deb7cd', false, '2076-11-17 21:58:03.019+00', 'JPYSC0', 'USDCx', 60000, NULL, 112.0, '2026-11-30 21:58:14.725698+00', '1791b34a7b98d58f2e439e4f59307c70', '2026-11-30 21:58:14.773055+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 21:58:14.826924+00', '2076-11-17 21:58:13.754+00', '2026-11-30 21:58:14.773055+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 21:58:14.826924+00', '2026-11-30 21:58:14.857611+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","status":"QUOTED","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","fx_rate":"112.0","source_amount_actual":"6720000","created_at":"2026-11-30T21:58:03.019Z","expires_at":"2076-11-17T21:58:03.019Z","quote_submitted_at":"2026-11-30T21:58:13.754Z","quote_valid_until":"2076-11-17T21:58:13.754Z","quote_accepted_at":"2026-11-30T21:58:14.845Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","kyc_aml_ref":"5b5ccfae-35c0-4664-9438-58a92b9087da","intent_signature":"3045022100e6119798544e615241af84b2717c1736409dc98094c3baf7431e8b5c156d","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_abeb3dec","timestamp":"2026-11-30T21:58:14.846Z"}}', '2026-11-30 21:58:14.981353+00'),
	('00086f91f32985e5bf986bb63e416977', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, 'a491f0e8381173d8475bd2fc707123dc', false, '2076-11-17 21:58:01.019+00', 'JPYSC0', 'USDCx', 60000, NULL, NULL, '2026-11-30 21:58:13.181838+00', '00086f91f32985e5bf986bb63e416977', '2026-11-30 21:58:13.319372+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 21:58:13.340696+00', NULL, '2026-11-30 21:58:13.319372+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 21:58:13.340696+00', '2026-11-30 21:58:13.361731+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","status":"PENDING","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T21:58:03.019Z","expires_at":"2076-11-17T21:58:03.019Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","kyc_aml_ref":"5b5ccfae-35c0-4664-9438-58a92b9087da","intent_signature":"3045022100e6119798544e615241af84b2717c1736409dc98094c3baf7431e8b5c156d","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_b12a5a02","timestamp":"2026-11-30T21:58:13.352Z"}}', '2026-11-30 21:58:13.368674+00'),
	('8346bd2cd8c15d6af5acdd06310defc7', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', NULL, 'df0c74871e538d457fc112216c440115', false, '2076-11-17 21:58:20.277+00', 'EURCx', 'USDCx', 1000, NULL, NULL, '2026-11-30 21:58:22.543526+00', '8346bd2cd8c15d6af5acdd06310defc7', '2026-11-30 21:58:22.567014+00', 'refused', false, 0, 0, 0, 0, NULL, NULL, '2026-11-30 21:58:22.567014+00', NULL, '1970-01-01 00:00:00+00', 1, NULL, '2026-11-30 21:58:22.616091+00', 'halted: EURCx/USDCx, by Officer One: a question about this pair', NULL, NULL, NULL, '2026-11-30 21:58:22.65774+00'),
	('7dc41ab21ee2b995311d31bff120c113', 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', NULL, '5601f9f3abb08810b6ca0699f7330759', false, '2076-11-17 21:58:20.722+00', 'JPYSC0', 'USDCx', 1000, NULL, NULL, '2026-11-30 21:58:22.94187+00', '7dc41ab21ee2b995311d31bff120c113', '2026-11-30 21:58:22.976604+00', 'sent', true, 1, 1, 0, 0, '2026-11-30 21:58:23.005114+00', NULL, '2026-11-30 21:58:22.976604+00', 'before-2949-commands', '2026-11-30 21:58:48.010399+00', 1, '2026-11-30 21:58:23.005114+00', NULL, NULL, NULL, NULL, NULL, NULL),
	('b6679bf21c853ad5c7768a54327c4978', 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', NULL, 'faee3561138d3782a36614e7fd480e3f', false, '2076-11-17 21:58:20.722+00', 'JPYSC0', 'USDCx', 1000, NULL, NULL, '2026-11-30 21:58:22.971642+00', 'b6679bf21c853ad5c7768a54327c4978', '2026-11-30 21:58:23.006193+00', 'sent', true, 1, 1, 0, 0, '2026-11-30 21:58:23.031728+00', NULL, '2026-11-30 21:58:23.006193+00', 'before-2949-commands', '2026-11-30 21:58:48.038279+00', 1, '2026-11-30 21:58:23.031728+00', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO custodian.ingest_cursors VALUES
	('tokyo', 2, NULL, '2026-11-30 21:58:15.299+00', '2026-11-30 21:58:34.373+00', NULL, '2026-11-30 21:58:35.411432+00', '2026-11-30 21:58:35.570732+00', NULL, 1, '2026-11-30 21:58:35.284884+00', '2026-11-30 21:58:35.306606+00');
INSERT INTO custodian.ingest_evidence VALUES
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'EURCx', 'USDCx', 'read', '{}'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', 'db2b37d8-610c-4de4-831b-f6726aa7437f', 'JPYSC0', 'USDCx', 'read', '{}');
INSERT INTO custodian.ingest_facts VALUES
	('tokyo', 'bdb79ca8-0a40-44f4-bc93-bf76f098af18', '499ac410f55b1d7430bbd50c8354b9d2', 'SETTLED', '5b2ae39b31d3fc57a3e7f09dd54ac6cde1c31fe2545bac075bafab0776e8cbfe', '2026-11-30 21:57:59.665014+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'e801025571ff71fddc8ebaca9f22712c', 'PENDING', NULL, '2026-11-30 21:57:59.665326+00'),
	('tokyo', 'da21673b-7fe3-4591-bd0a-2fb2092a21b0', 'fc5cecc2d5139d0acf5e63b028389291', 'SETTLED', '8686c452b3e6ef474240218818d998f1f8b10f1701594568b2fecd157da37ee4', '2026-11-30 21:57:59.665334+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '7a6c67aafa0e52ab5c5fe78d1637e3a9', 'EXECUTING', NULL, '2026-11-30 21:58:02.479182+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'ce4d612047985afeb43e44ce6eb4cfe9', 'SETTLED', '4abdbb4e139e41bb1356839597a22338f1da27e17e6744c17ec15896d798ad09', '2026-11-30 21:58:02.88971+00'),
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', '970212e7bdfb1be37e937aca94b44cb6', 'PENDING', NULL, '2026-11-30 21:58:03.236315+00'),
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', '38ee7b95ad10b5df2d5fbeae645ab6b8', 'SETTLED', '5dda93c8b3d36fe44e93f8cc7967331fb9dbdddfa61ebd7586859b7753e01b18', '2026-11-30 21:58:15.402097+00'),
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', '0691c886c745f53124087277cd3dcd9a', 'PENDING', NULL, '2026-11-30 21:58:15.591002+00'),
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '327d4af1beb7c97f257b5a779bae2ead', 'PENDING', NULL, '2026-11-30 21:58:15.591028+00'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', '8787e15cbddae7d67a9dc37648c87616', 'PENDING', NULL, '2026-11-30 21:58:22.386559+00'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'd3738d34c46ddde630173fa9b367d342', 'PENDING', NULL, '2026-11-30 21:58:22.868852+00'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', '336f164e42849d1f83f70258cba952d7', 'PENDING', NULL, '2026-11-30 21:58:22.868894+00'),
	('tokyo', 'db2b37d8-610c-4de4-831b-f6726aa7437f', '1fe0b1b3a9e16b112cc987d27936ad67', 'PENDING', NULL, '2026-11-30 21:58:34.505728+00');
INSERT INTO custodian.ingest_open VALUES
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9'),
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05'),
	('tokyo', 'db2b37d8-610c-4de4-831b-f6726aa7437f');
INSERT INTO custodian.leases VALUES
	('ingest.tokyo', 'before-5440-ingest', 2, '2026-11-30 21:58:35.800423+00', '2026-11-30 21:58:34.239529+00');
INSERT INTO custodian.migrations VALUES
	('pipeline.stores/0001_pre_positions.sql', 'eccc33de89b9eade60c3f11127c04daddf5c5b2c879fa1da33923bb29bebd8ac', '2026-11-30 21:57:36.974971+00'),
	('pipeline.stores/0002_pre_ingest.sql', '6c79e41fbb67cb6a7d6008a8362b4c3ea425d91625ce780f1a9b6ffe20577cdf', '2026-11-30 21:57:37.14404+00'),
	('pipeline.stores/0003_pre_requeued.sql', '40b1e70cecfb390214ead1bc8d2ac670e982f88b2d57ecb2aa91c6db9477b423', '2026-11-30 21:57:37.186487+00'),
	('pipeline.stores/0003_pre_wake.sql', '6513534b84769f3bdfc599aa3c95e9670076319db5454ac0dc606dcc47244d1f', '2026-11-30 21:57:37.207404+00'),
	('pipeline.stores/0004_pre_risk.sql', '10199a350010e412e37d937acd376f332ef3ef5f53187b04f5051207ab2bd9bd', '2026-11-30 21:57:37.259616+00'),
	('pipeline.stores/0005_pre_commands.sql', '274922b88f7493eda3d19ed33c418a63e44f8ce4a2338933198db6017cac7ade', '2026-11-30 21:57:37.360398+00'),
	('pipeline.stores/0006_pre_decisions.sql', '6363a3742a22f0b7e59c2ee2cdf0f1ab140bb96d1cb01ed7d1837c2714016b47', '2026-11-30 21:57:37.418522+00'),
	('pipeline.stores/0006_pre_evidence.sql', '9fa66acda2625830ef3633cb35ba8d06fddf278613eef32c3669f5798c8a33e6', '2026-11-30 21:57:37.46488+00'),
	('pipeline.stores/0007_pre_allowed.sql', '564648b176da2272e1354eb14f8fdc2334bb8c1e5f2f757197a39144a21b9a08', '2026-11-30 21:57:37.470804+00'),
	('pipeline.stores/0008_pre_requeues.sql', '3bed9b236b8baad93acb9b89c9b4c3baa58141f08acf3c7100edb2bcddf68c02', '2026-11-30 21:57:37.632403+00'),
	('pipeline.stores/0009_pre_states_comment.sql', '392581f39af669f4f8d8173407ccc7d1e2fd7fb8fbd5a36f4626a2748334707d', '2026-11-30 21:57:37.63745+00'),
	('pipeline.stores/0010_pre_acts.sql', '5c6a2255d29db6e545d3397dbc9e70c59377b716d8c61d8d03c2396b73f0e088', '2026-11-30 21:57:37.679026+00'),
	('pipeline.stores/0011_pre_unfinished.sql', 'a019a9f8610eae1b48b726a3b634dbfbf4cc2b6559a4eb078396740fd662fc74', '2026-11-30 21:57:37.697004+00'),
	('pipeline.stores/0012_pre_venue_parties.sql', '11eb8f059a63457948fcaa7ca7a1cfdce0efa521c04946c94bc90ca11a0d1170', '2026-11-30 21:57:37.700588+00'),
	('pipeline.stores/0013_pre_request_shares.sql', '865ea5f4a70dc8b663e5f2c4ae6c5412149ef0d3804afe464aee021ee03416fd', '2026-11-30 21:57:37.716144+00'),
	('pipeline.stores/0015_pre_suspects.sql', 'f45ced29e4035e987a0232055851161797b41083e8cce43fb55211b6aca326e2', '2026-11-30 21:57:38.316964+00'),
	('pipeline.stores/0016_pre_readings.sql', 'fb382f84ffcc7c5cf4cb51625cb31d50b4f3d3c0c87142e8217daca75e7f8f34', '2026-11-30 21:57:38.46959+00'),
	('connectors.sinks.accounting_ledger/0001_pre_ledger.sql', 'e39425b5966d59c7742a103dee709f4d3146b24aac53b03553aa7cbe4c894eef', '2026-11-30 21:57:38.56916+00'),
	('connectors.sinks.accounting_ledger/0002_pre_key_with_venue.sql', '880b0ef06ab00f73fdaf1b7029662a32250f49683fe8186e743b30b48b2d0ca1', '2026-11-30 21:57:38.57559+00'),
	('connectors.sinks.accounting_ledger/0003_post_key_with_venue.sql', 'df342765a63948f82b7b3e547afbae04c9eb9d00f43fed9838120c2572825eee', '2026-11-30 21:57:38.576764+00'),
	('connectors.sinks.compliance_archive/0001_pre_archive.sql', 'd6f568266c0d6a56004c2051feb9c53f4ddde6444003c90655c035abb3755936', '2026-11-30 21:57:38.62176+00'),
	('connectors.sinks.compliance_archive/0003_pre_passed.sql', 'c9c5a2a0b4943aa333dd0f845a55eac0aab9da7262080931634657e937a17db7', '2026-11-30 21:57:38.633588+00');
INSERT INTO custodian.outbox OVERRIDING SYSTEM VALUE VALUES
	('5fad627b4572132cd0d981ca5e2c26e4', 1, 'operator-acted.v1', '/operators', '6432515e-bc62-471e-81db-176fbbcc151c', '2026-11-30 21:58:06.706389+00', '98be8e8b2dd79a6de6c43e7af6059eab', '48fc3aeaf63ba4e95c87b4edefb6de1c', '6432515e-bc62-471e-81db-176fbbcc151c', '{"action":"approve","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","decision_id":"48fc3aeaf63ba4e95c87b4edefb6de1c","shown_sha256":"4b7ba8130bcb86889e039f67f4e0df112345483e5dbb52b49bf6ad48b9b413c4","by":"Officer One","reason":"looked at","at":"2026-11-30T21:58:06.706389Z"}', '2026-11-30 21:58:07.208815+00'),
	('74ba486e61ed086a01cbb355615d85e2', 2, 'operator-acted.v1', '/operators', '6432515e-bc62-471e-81db-176fbbcc151c', '2026-11-30 21:58:12.612779+00', '98be8e8b2dd79a6de6c43e7af6059eab', '48fc3aeaf63ba4e95c87b4edefb6de1c', '6432515e-bc62-471e-81db-176fbbcc151c', '{"action":"approve","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","decision_id":"48fc3aeaf63ba4e95c87b4edefb6de1c","shown_sha256":"4b7ba8130bcb86889e039f67f4e0df112345483e5dbb52b49bf6ad48b9b413c4","by":"Officer Two","reason":"looked at","at":"2026-11-30T21:58:12.612779Z"}', '2026-11-30 21:58:13.063243+00'),
	('add4f0258a1dd3bd2a87efe78d7dfdf2', 3, 'decision-made.v1', '/operators', '6432515e-bc62-471e-81db-176fbbcc151c', '2026-11-30 21:58:12.612779+00', '98be8e8b2dd79a6de6c43e7af6059eab', '48fc3aeaf63ba4e95c87b4edefb6de1c', '6432515e-bc62-471e-81db-176fbbcc151c', '{"decision_id":"a491f0e8381173d8475bd2fc707123dc","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"Officer One, Officer Two","decided_at":"2026-11-30T21:58:12.612779Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","observed":"1576799997.663s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799999.663s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9","approvers_needed":0,"refers_to":"48fc3aeaf63ba4e95c87b4edefb6de1c"}', '2026-11-30 21:58:13.063282+00'),
	('1d832a3ef451867954f550d452ff9d7c', 4, 'operator-acted.v1', '/operators', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', '2026-11-30 21:58:18.10693+00', 'd61fcc52fe89105ff8e10c146cbfe913', 'd6c84634b201ffbf6808606f9e4bcd59', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"action":"approve","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","decision_id":"d6c84634b201ffbf6808606f9e4bcd59","shown_sha256":"b5dc74a0b0e74ea4fa2619e93ca3ceab85585ea5b326c169ea7497243d255ea2","by":"Officer One","reason":"looked at","at":"2026-11-30T21:58:18.106930Z"}', '2026-11-30 21:58:18.143143+00'),
	('eae14449a3c1c62724c0f05e621c9357', 5, 'operator-acted.v1', '/operators', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '2026-11-30 21:58:20.571252+00', 'a1bd230e6c3c54d2cec5e0f08a978b7b', '378412bb4d2f98fe1d6b235803447c4f', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"action":"approve","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","decision_id":"378412bb4d2f98fe1d6b235803447c4f","shown_sha256":"086f8cb360ffad64ae99008f75c1cc8342a45c19f8788ab28a4fdaa22a2658e9","by":"Officer One","reason":"looked at","at":"2026-11-30T21:58:20.571252Z"}', '2026-11-30 21:58:20.742897+00'),
	('d18fe55470081fbe26e16c50af66c996', 6, 'operator-acted.v1', '/operators', 'global', '2026-11-30 21:58:22.032582+00', '6eed242eeab4dfebe73e78fc9d2db4f0', NULL, 'global', '{"action":"halt","pair":"EURCx/USDCx","by":"Officer One","reason":"a question about this pair","at":"2026-11-30T21:58:22.032582Z"}', '2026-11-30 21:58:22.310064+00'),
	('85fc1d3bf1a4a325e1f472c964c3e4fc', 7, 'operator-acted.v1', '/operators', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '2026-11-30 21:58:25.081652+00', 'a1bd230e6c3c54d2cec5e0f08a978b7b', '378412bb4d2f98fe1d6b235803447c4f', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"action":"approve","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","decision_id":"378412bb4d2f98fe1d6b235803447c4f","shown_sha256":"086f8cb360ffad64ae99008f75c1cc8342a45c19f8788ab28a4fdaa22a2658e9","by":"Officer Two","reason":"looked at","at":"2026-11-30T21:58:25.081652Z"}', NULL),
	('3dc7513a0213b7a82f1c30e76b7346c2', 8, 'decision-made.v1', '/operators', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '2026-11-30 21:58:25.081652+00', 'a1bd230e6c3c54d2cec5e0f08a978b7b', '378412bb4d2f98fe1d6b235803447c4f', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"decision_id":"0fee4eb42a4b1bfdc258472edf3733e9","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"Officer One, Officer Two","decided_at":"2026-11-30T21:58:25.081652Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.480000Z"},"limit":"before decide_by","observed":"1576799997.759s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.480Z"},"limit":"before expires_at","observed":"1576799999.759s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1","approvers_needed":0,"refers_to":"378412bb4d2f98fe1d6b235803447c4f"}', NULL);
INSERT INTO custodian.positions VALUES
	('workflow', 'before.custody.rate-read.v1', 0, 0, 'U394LwhRTbGbPMKAMfy53Q', '2026-11-30 21:57:38.863862+00'),
	('settlement', 'before.custody.order-updated.v1', 0, 11, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:35.603164+00'),
	('settlement', 'before.custody.order-updated.v1', 2, 15, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:22.35116+00'),
	('workflow', 'before.custody.order-updated.v1', 1, 7, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:35.343784+00'),
	('workflow', 'before.custody.compliance-read.v1', 2, 3, 'd3Be3sMjQeqTVg7V/lxTKA', '2026-11-30 21:58:22.429759+00'),
	('workflow', 'before.custody.compliance-read.v1', 1, 2, 'd3Be3sMjQeqTVg7V/lxTKA', '2026-11-30 21:58:22.896312+00'),
	('workflow', 'before.custody.quote-received.v1', 2, 2, 'XzNvQym6SmuS5IaXjP38FA', '2026-11-30 21:58:01.645925+00'),
	('workflow', 'before.custody.order-updated.v1', 0, 11, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:35.381295+00'),
	('settlement', 'before.custody.order-updated.v1', 1, 7, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:35.575737+00'),
	('workflow', 'before.custody.quote-received.v1', 0, 2, 'XzNvQym6SmuS5IaXjP38FA', '2026-11-30 21:58:14.36806+00'),
	('workflow', 'before.custody.order-updated.v1', 2, 15, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:22.351533+00'),
	('workflow', 'before.custody.compliance-read.v1', 0, 3, 'd3Be3sMjQeqTVg7V/lxTKA', '2026-11-30 21:58:35.34384+00'),
	('workflow', 'before.custody.quote-received.v1', 1, 3, 'XzNvQym6SmuS5IaXjP38FA', '2026-11-30 21:58:35.343842+00'),
	('workflow', 'before.custody.rate-read.v1', 1, 0, 'U394LwhRTbGbPMKAMfy53Q', '2026-11-30 21:57:38.863871+00'),
	('workflow', 'before.custody.rate-read.v1', 2, 0, 'U394LwhRTbGbPMKAMfy53Q', '2026-11-30 21:57:38.864726+00'),
	('workflow', 'before.custody.command-completed.v1', 1, 0, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:57:38.86478+00'),
	('workflow', 'before.custody.decision-made.v1', 2, 5, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:24.787791+00'),
	('risk', 'before.custody.decision-requested.v1', 0, 4, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:22.920319+00'),
	('workflow', 'before.custody.command-completed.v1', 0, 2, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:58:15.020737+00'),
	('risk', 'before.custody.decision-requested.v1', 2, 5, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:24.75362+00'),
	('risk', 'before.custody.decision-made.v1', 0, 5, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:22.968277+00'),
	('workflow', 'before.custody.decision-made.v1', 1, 2, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:22.975709+00'),
	('workflow', 'before.custody.decision-made.v1', 0, 5, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:22.943985+00'),
	('risk', 'before.custody.decision-made.v1', 1, 2, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:22.989146+00'),
	('workflow', 'before.custody.command-completed.v1', 2, 3, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:58:22.684666+00'),
	('risk', 'before.custody.decision-requested.v1', 1, 2, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:22.951808+00'),
	('risk', 'before.custody.command-completed.v1', 1, 0, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:57:38.903682+00'),
	('risk', 'before.custody.order-updated.v1', 2, 15, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:22.351296+00'),
	('decisions', 'before.custody.decision-requested.v1', 2, 4, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:22.46641+00'),
	('risk', 'before.custody.order-updated.v1', 1, 6, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:22.857843+00'),
	('risk', 'before.custody.command-completed.v1', 2, 3, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:58:22.68811+00'),
	('decisions', 'before.custody.decision-requested.v1', 1, 2, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:22.917657+00'),
	('commands', 'before.custody.command-issued.v1', 0, 3, 'y87hcwIlRsuKz6XZC3x8dw', '2026-11-30 21:58:22.978274+00'),
	('commands', 'before.custody.command-issued.v1', 2, 3, 'y87hcwIlRsuKz6XZC3x8dw', '2026-11-30 21:58:22.569334+00'),
	('risk', 'before.custody.order-updated.v1', 0, 9, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:22.832963+00'),
	('decisions', 'before.custody.decision-requested.v1', 0, 4, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:22.900653+00'),
	('commands', 'before.custody.command-issued.v1', 1, 1, 'y87hcwIlRsuKz6XZC3x8dw', '2026-11-30 21:58:23.008449+00'),
	('risk', 'before.custody.command-completed.v1', 0, 2, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:58:15.045796+00'),
	('risk', 'before.custody.decision-made.v1', 2, 5, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:24.798315+00'),
	('archive', 'before.custody.order-updated.v1', 1, 7, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:34.548266+00'),
	('decisions', 'before.custody.decision-made.v1', 0, 5, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:22.938481+00'),
	('ledger', 'before.custody.order-settled.v1', 2, 2, 'LJo3qOWJR6SMtgG4fF8GAA', '2026-11-30 21:58:02.978028+00'),
	('ledger', 'before.custody.order-settled.v1', 1, 1, 'LJo3qOWJR6SMtgG4fF8GAA', '2026-11-30 21:58:00.384622+00'),
	('archive', 'before.custody.decision-requested.v1', 0, 5, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:35.516197+00'),
	('decisions', 'before.custody.decision-made.v1', 2, 4, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:22.534845+00'),
	('archive', 'before.custody.quote-received.v1', 2, 2, 'XzNvQym6SmuS5IaXjP38FA', '2026-11-30 21:58:01.825862+00'),
	('ledger', 'before.custody.order-settled.v1', 0, 1, 'LJo3qOWJR6SMtgG4fF8GAA', '2026-11-30 21:58:15.444986+00'),
	('decisions', 'before.custody.decision-made.v1', 1, 2, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:22.964682+00'),
	('archive', 'before.custody.quote-received.v1', 0, 2, 'XzNvQym6SmuS5IaXjP38FA', '2026-11-30 21:58:14.482859+00'),
	('archive', 'before.custody.order-updated.v1', 2, 15, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:22.406723+00'),
	('archive', 'before.custody.quote-received.v1', 1, 3, 'XzNvQym6SmuS5IaXjP38FA', '2026-11-30 21:58:34.548289+00'),
	('archive', 'before.custody.order-updated.v1', 0, 11, 'MTgasXsaQuqSO8yhuRObag', '2026-11-30 21:58:34.548291+00'),
	('archive', 'before.custody.command-completed.v1', 1, 0, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:57:38.962702+00'),
	('archive', 'before.custody.command-completed.v1', 2, 3, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:58:22.778419+00'),
	('archive', 'before.custody.command-issued.v1', 1, 1, 'y87hcwIlRsuKz6XZC3x8dw', '2026-11-30 21:58:23.034611+00'),
	('archive', 'before.custody.order-settled.v1', 1, 1, 'LJo3qOWJR6SMtgG4fF8GAA', '2026-11-30 21:58:00.153873+00'),
	('archive', 'before.custody.command-completed.v1', 0, 2, 'zAO58NQ0S3K6aoVgJ1LXWQ', '2026-11-30 21:58:15.0186+00'),
	('archive', 'before.custody.decision-requested.v1', 2, 5, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:24.826037+00'),
	('archive', 'before.custody.order-settled.v1', 0, 1, 'LJo3qOWJR6SMtgG4fF8GAA', '2026-11-30 21:58:15.45515+00'),
	('archive', 'before.custody.command-issued.v1', 2, 4, 'y87hcwIlRsuKz6XZC3x8dw', '2026-11-30 21:58:24.82607+00'),
	('archive', 'before.custody.decision-made.v1', 2, 5, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:24.826073+00'),
	('archive', 'before.custody.command-issued.v1', 0, 3, 'y87hcwIlRsuKz6XZC3x8dw', '2026-11-30 21:58:23.034632+00'),
	('archive', 'before.custody.decision-requested.v1', 1, 2, 'QpC3ZtaBT42MYOxR+bYjhA', '2026-11-30 21:58:23.034634+00'),
	('archive', 'before.custody.decision-made.v1', 0, 5, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:23.034635+00'),
	('archive', 'before.custody.decision-made.v1', 1, 2, 'uy+C2ge4Q2yW602yH5/L2Q', '2026-11-30 21:58:23.034636+00'),
	('archive', 'before.custody.rate-read.v1', 0, 0, 'U394LwhRTbGbPMKAMfy53Q', '2026-11-30 21:57:38.962791+00'),
	('archive', 'before.custody.rate-read.v1', 1, 0, 'U394LwhRTbGbPMKAMfy53Q', '2026-11-30 21:57:38.962799+00'),
	('archive', 'before.custody.rate-read.v1', 2, 0, 'U394LwhRTbGbPMKAMfy53Q', '2026-11-30 21:57:38.962807+00'),
	('archive', 'before.custody.alarm-raised.v1', 0, 0, 'MBFOCV+wRMyEkKka7YJP4g', '2026-11-30 21:57:38.962846+00'),
	('archive', 'before.custody.alarm-raised.v1', 1, 0, 'MBFOCV+wRMyEkKka7YJP4g', '2026-11-30 21:57:38.962855+00'),
	('archive', 'before.custody.operator-acted.v1', 1, 1, 'R+b/Bu+WQFuaEcBLLiY9Gw', '2026-11-30 21:58:18.257786+00'),
	('archive', 'before.custody.compliance-read.v1', 0, 3, 'd3Be3sMjQeqTVg7V/lxTKA', '2026-11-30 21:58:34.548297+00'),
	('archive', 'before.custody.order-settled.v1', 2, 2, 'LJo3qOWJR6SMtgG4fF8GAA', '2026-11-30 21:58:03.108865+00'),
	('archive', 'before.custody.operator-acted.v1', 0, 2, 'R+b/Bu+WQFuaEcBLLiY9Gw', '2026-11-30 21:58:13.146758+00'),
	('archive', 'before.custody.compliance-read.v1', 2, 3, 'd3Be3sMjQeqTVg7V/lxTKA', '2026-11-30 21:58:22.542129+00'),
	('archive', 'before.custody.alarm-raised.v1', 2, 1, 'MBFOCV+wRMyEkKka7YJP4g', '2026-11-30 21:58:20.842164+00'),
	('archive', 'before.custody.dead-letter.v1', 0, 1, 'qs6lxu9vTluOTzZoGUqG4w', '2026-11-30 21:58:20.842165+00'),
	('archive', 'before.custody.operator-acted.v1', 2, 2, 'R+b/Bu+WQFuaEcBLLiY9Gw', '2026-11-30 21:58:22.406754+00'),
	('archive', 'before.custody.compliance-read.v1', 1, 2, 'd3Be3sMjQeqTVg7V/lxTKA', '2026-11-30 21:58:22.900825+00'),
	('archive', 'before.custody.dead-letter.v1', 1, 0, 'qs6lxu9vTluOTzZoGUqG4w', '2026-11-30 21:57:38.962878+00'),
	('archive', 'before.custody.dead-letter.v1', 2, 0, 'qs6lxu9vTluOTzZoGUqG4w', '2026-11-30 21:57:38.962905+00');
INSERT INTO custodian.readings OVERRIDING SYSTEM VALUE VALUES
	('workflow', 1, 1, '2026-11-30 21:57:59.676031+00', '{before.custody.order-updated.v1}', '{0}', '{1}', '2026-11-30 21:57:59.525579+00'),
	('risk', 2, 2, '2026-11-30 21:57:59.746287+00', '{before.custody.order-updated.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 3, '2026-11-30 21:57:59.836776+00', '{before.custody.order-updated.v1,before.custody.compliance-read.v1}', '{0,0}', '{4,1}', '2026-11-30 21:57:59.525579+00'),
	('workflow', 1, 4, '2026-11-30 21:57:59.836776+00', '{before.custody.order-updated.v1}', '{1}', '{2}', '2026-11-30 21:57:59.525579+00'),
	('risk', 1, 5, '2026-11-30 21:57:59.874194+00', '{before.custody.order-updated.v1}', '{0}', '{2}', NULL),
	('risk', 2, 6, '2026-11-30 21:57:59.874194+00', '{before.custody.order-updated.v1}', '{1}', '{4}', NULL),
	('risk', 2, 7, '2026-11-30 21:57:59.997229+00', '{before.custody.decision-requested.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 8, '2026-11-30 21:58:00.075584+00', '{before.custody.decision-made.v1}', '{0}', '{1}', '2026-11-30 21:57:59.911764+00'),
	('risk', 2, 9, '2026-11-30 21:58:00.106348+00', '{before.custody.decision-made.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 10, '2026-11-30 21:58:00.937595+00', '{before.custody.command-completed.v1}', '{0}', '{1}', '2026-11-30 21:58:00.729494+00'),
	('risk', 2, 11, '2026-11-30 21:58:00.960625+00', '{before.custody.command-completed.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 12, '2026-11-30 21:58:01.422636+00', '{before.custody.quote-received.v1}', '{0}', '{1}', '2026-11-30 21:58:01.232827+00'),
	('workflow', 2, 13, '2026-11-30 21:58:01.640473+00', '{before.custody.quote-received.v1}', '{1}', '{2}', '2026-11-30 21:58:01.488492+00'),
	('workflow', 2, 14, '2026-11-30 21:58:01.902427+00', '{}', '{}', '{}', '2026-11-30 21:58:01.74195+00'),
	('risk', 2, 15, '2026-11-30 21:58:02.055522+00', '{before.custody.decision-requested.v1}', '{1}', '{2}', NULL),
	('risk', 2, 16, '2026-11-30 21:58:02.117547+00', '{before.custody.decision-made.v1}', '{1}', '{2}', NULL),
	('workflow', 2, 17, '2026-11-30 21:58:02.132415+00', '{before.custody.decision-made.v1}', '{1}', '{2}', '2026-11-30 21:58:01.885786+00'),
	('workflow', 2, 18, '2026-11-30 21:58:02.478989+00', '{before.custody.command-completed.v1,before.custody.order-updated.v1}', '{1,4}', '{2,6}', '2026-11-30 21:58:02.23567+00'),
	('workflow', 2, 19, '2026-11-30 21:58:02.498232+00', '{before.custody.order-updated.v1}', '{6}', '{8}', '2026-11-30 21:58:02.23567+00'),
	('risk', 2, 20, '2026-11-30 21:58:02.505318+00', '{before.custody.order-updated.v1}', '{4}', '{5}', NULL),
	('risk', 2, 21, '2026-11-30 21:58:02.547697+00', '{before.custody.command-completed.v1,before.custody.order-updated.v1}', '{1,5}', '{2,8}', NULL),
	('workflow', 2, 22, '2026-11-30 21:58:02.813726+00', '{before.custody.order-updated.v1}', '{8}', '{9}', '2026-11-30 21:58:02.752728+00'),
	('risk', 2, 23, '2026-11-30 21:58:02.833569+00', '{before.custody.order-updated.v1}', '{8}', '{9}', NULL),
	('workflow', 2, 24, '2026-11-30 21:58:02.887553+00', '{before.custody.order-updated.v1}', '{9}', '{10}', '2026-11-30 21:58:02.752728+00'),
	('risk', 2, 25, '2026-11-30 21:58:02.891278+00', '{before.custody.order-updated.v1}', '{9}', '{10}', NULL),
	('workflow', 0, 26, '2026-11-30 21:58:03.079287+00', '{before.custody.order-updated.v1}', '{0}', '{1}', '2026-11-30 21:58:03.011215+00'),
	('risk', 0, 27, '2026-11-30 21:58:03.122147+00', '{before.custody.order-updated.v1}', '{0}', '{1}', NULL),
	('risk', 0, 28, '2026-11-30 21:58:03.185489+00', '{before.custody.order-updated.v1}', '{1}', '{2}', NULL),
	('workflow', 0, 29, '2026-11-30 21:58:03.184026+00', '{before.custody.order-updated.v1}', '{1}', '{2}', '2026-11-30 21:58:03.011215+00'),
	('workflow', 0, 30, '2026-11-30 21:58:03.273601+00', '{before.custody.compliance-read.v1}', '{0}', '{1}', '2026-11-30 21:58:03.011215+00'),
	('risk', 0, 31, '2026-11-30 21:58:03.388366+00', '{before.custody.decision-requested.v1}', '{0}', '{1}', NULL),
	('workflow', 0, 32, '2026-11-30 21:58:03.544334+00', '{before.custody.decision-made.v1}', '{0}', '{1}', '2026-11-30 21:58:03.332922+00'),
	('risk', 0, 33, '2026-11-30 21:58:03.591758+00', '{before.custody.decision-made.v1}', '{0}', '{1}', NULL),
	('workflow', 0, 34, '2026-11-30 21:58:13.181838+00', '{before.custody.decision-made.v1}', '{1}', '{2}', '2026-11-30 21:58:12.844164+00'),
	('risk', 0, 35, '2026-11-30 21:58:13.239593+00', '{before.custody.decision-made.v1}', '{1}', '{2}', NULL),
	('workflow', 0, 36, '2026-11-30 21:58:13.390772+00', '{before.custody.command-completed.v1}', '{0}', '{1}', '2026-11-30 21:58:13.309576+00'),
	('risk', 0, 37, '2026-11-30 21:58:13.398784+00', '{before.custody.command-completed.v1}', '{0}', '{1}', NULL),
	('workflow', 0, 38, '2026-11-30 21:58:13.773603+00', '{before.custody.quote-received.v1}', '{0}', '{1}', '2026-11-30 21:58:13.563706+00'),
	('workflow', 0, 39, '2026-11-30 21:58:14.302529+00', '{}', '{}', '{}', '2026-11-30 21:58:14.080417+00'),
	('workflow', 0, 40, '2026-11-30 21:58:14.357162+00', '{before.custody.quote-received.v1}', '{1}', '{2}', '2026-11-30 21:58:14.263744+00'),
	('risk', 0, 41, '2026-11-30 21:58:14.511534+00', '{before.custody.decision-requested.v1}', '{1}', '{2}', NULL),
	('workflow', 0, 42, '2026-11-30 21:58:14.645243+00', '{before.custody.decision-made.v1}', '{2}', '{3}', '2026-11-30 21:58:14.600018+00'),
	('risk', 0, 43, '2026-11-30 21:58:14.692837+00', '{before.custody.decision-requested.v1}', '{2}', '{3}', NULL),
	('workflow', 0, 44, '2026-11-30 21:58:14.725698+00', '{before.custody.decision-made.v1}', '{3}', '{4}', '2026-11-30 21:58:14.600018+00'),
	('risk', 0, 45, '2026-11-30 21:58:14.728834+00', '{before.custody.decision-made.v1}', '{2}', '{3}', NULL),
	('risk', 0, 46, '2026-11-30 21:58:14.755533+00', '{before.custody.decision-made.v1}', '{3}', '{4}', NULL),
	('risk', 0, 47, '2026-11-30 21:58:14.912925+00', '{before.custody.order-updated.v1}', '{2}', '{3}', NULL),
	('risk', 0, 49, '2026-11-30 21:58:14.998434+00', '{before.custody.order-updated.v1}', '{3}', '{4}', NULL),
	('risk', 0, 52, '2026-11-30 21:58:15.04479+00', '{before.custody.order-updated.v1,before.custody.command-completed.v1}', '{4,1}', '{5,2}', NULL),
	('risk', 0, 53, '2026-11-30 21:58:15.363013+00', '{before.custody.order-updated.v1}', '{5}', '{6}', NULL),
	('risk', 0, 55, '2026-11-30 21:58:15.368492+00', '{before.custody.order-updated.v1}', '{6}', '{7}', NULL),
	('risk', 1, 58, '2026-11-30 21:58:15.554172+00', '{before.custody.order-updated.v1}', '{2}', '{3}', NULL),
	('risk', 1, 60, '2026-11-30 21:58:15.576667+00', '{before.custody.order-updated.v1}', '{3}', '{4}', NULL),
	('risk', 2, 61, '2026-11-30 21:58:15.576667+00', '{before.custody.order-updated.v1}', '{10}', '{12}', NULL),
	('risk', 1, 65, '2026-11-30 21:58:15.666557+00', '{before.custody.decision-requested.v1}', '{0}', '{1}', NULL),
	('risk', 2, 67, '2026-11-30 21:58:15.744668+00', '{before.custody.decision-requested.v1}', '{2}', '{3}', NULL),
	('risk', 1, 68, '2026-11-30 21:58:15.79781+00', '{before.custody.decision-made.v1}', '{0}', '{1}', NULL),
	('risk', 2, 69, '2026-11-30 21:58:15.815518+00', '{before.custody.decision-made.v1}', '{2}', '{3}', NULL),
	('risk', 2, 72, '2026-11-30 21:58:20.768963+00', '{before.custody.order-updated.v1}', '{12}', '{13}', NULL),
	('risk', 2, 73, '2026-11-30 21:58:22.314388+00', '{before.custody.order-updated.v1}', '{13}', '{14}', NULL),
	('risk', 2, 76, '2026-11-30 21:58:22.351094+00', '{before.custody.order-updated.v1}', '{14}', '{15}', NULL),
	('risk', 2, 78, '2026-11-30 21:58:22.502061+00', '{before.custody.decision-requested.v1}', '{3}', '{4}', NULL),
	('risk', 2, 79, '2026-11-30 21:58:22.533771+00', '{before.custody.decision-made.v1}', '{3}', '{4}', NULL),
	('risk', 2, 82, '2026-11-30 21:58:22.687855+00', '{before.custody.command-completed.v1}', '{2}', '{3}', NULL),
	('risk', 0, 85, '2026-11-30 21:58:22.797862+00', '{before.custody.order-updated.v1}', '{7}', '{8}', NULL),
	('risk', 1, 87, '2026-11-30 21:58:22.829377+00', '{before.custody.order-updated.v1}', '{4}', '{5}', NULL),
	('risk', 0, 88, '2026-11-30 21:58:22.829377+00', '{before.custody.order-updated.v1}', '{8}', '{9}', NULL),
	('risk', 1, 89, '2026-11-30 21:58:22.857262+00', '{before.custody.order-updated.v1}', '{5}', '{6}', NULL),
	('risk', 0, 92, '2026-11-30 21:58:22.919498+00', '{before.custody.decision-requested.v1}', '{3}', '{4}', NULL),
	('risk', 1, 94, '2026-11-30 21:58:22.951453+00', '{before.custody.decision-requested.v1}', '{1}', '{2}', NULL),
	('risk', 0, 96, '2026-11-30 21:58:22.967982+00', '{before.custody.decision-made.v1}', '{4}', '{5}', NULL),
	('risk', 1, 97, '2026-11-30 21:58:22.988669+00', '{before.custody.decision-made.v1}', '{1}', '{2}', NULL),
	('workflow', 0, 48, '2026-11-30 21:58:14.923009+00', '{before.custody.order-updated.v1}', '{2}', '{3}', '2026-11-30 21:58:14.853119+00'),
	('workflow', 0, 50, '2026-11-30 21:58:14.989469+00', '{before.custody.order-updated.v1}', '{3}', '{5}', '2026-11-30 21:58:14.853119+00'),
	('workflow', 0, 51, '2026-11-30 21:58:15.018775+00', '{before.custody.command-completed.v1}', '{1}', '{2}', '2026-11-30 21:58:14.853119+00'),
	('workflow', 0, 54, '2026-11-30 21:58:15.356349+00', '{before.custody.order-updated.v1}', '{5}', '{6}', '2026-11-30 21:58:15.107986+00'),
	('workflow', 0, 56, '2026-11-30 21:58:15.393244+00', '{before.custody.order-updated.v1}', '{6}', '{7}', '2026-11-30 21:58:15.377138+00'),
	('workflow', 1, 57, '2026-11-30 21:58:15.541589+00', '{before.custody.order-updated.v1}', '{2}', '{3}', '2026-11-30 21:58:15.377138+00'),
	('workflow', 1, 59, '2026-11-30 21:58:15.56435+00', '{before.custody.order-updated.v1}', '{3}', '{4}', '2026-11-30 21:58:15.377138+00'),
	('workflow', 2, 62, '2026-11-30 21:58:15.58017+00', '{before.custody.order-updated.v1}', '{10}', '{12}', '2026-11-30 21:58:15.377138+00'),
	('workflow', 1, 63, '2026-11-30 21:58:15.58017+00', '{before.custody.compliance-read.v1}', '{0}', '{1}', '2026-11-30 21:58:15.377138+00'),
	('workflow', 2, 64, '2026-11-30 21:58:15.600524+00', '{before.custody.compliance-read.v1}', '{1}', '{2}', '2026-11-30 21:58:15.377138+00'),
	('workflow', 1, 66, '2026-11-30 21:58:15.738081+00', '{before.custody.decision-made.v1}', '{0}', '{1}', '2026-11-30 21:58:15.693104+00'),
	('workflow', 2, 70, '2026-11-30 21:58:15.811303+00', '{before.custody.decision-made.v1}', '{2}', '{3}', '2026-11-30 21:58:15.693104+00'),
	('workflow', 2, 71, '2026-11-30 21:58:20.733605+00', '{before.custody.order-updated.v1}', '{12}', '{13}', '2026-11-30 21:58:20.538735+00'),
	('workflow', 2, 74, '2026-11-30 21:58:22.317726+00', '{before.custody.order-updated.v1}', '{13}', '{14}', '2026-11-30 21:58:22.067874+00'),
	('workflow', 2, 75, '2026-11-30 21:58:22.349873+00', '{before.custody.order-updated.v1}', '{14}', '{15}', '2026-11-30 21:58:22.339171+00'),
	('workflow', 2, 77, '2026-11-30 21:58:22.423304+00', '{before.custody.compliance-read.v1}', '{2}', '{3}', '2026-11-30 21:58:22.339171+00'),
	('workflow', 2, 80, '2026-11-30 21:58:22.543526+00', '{before.custody.decision-made.v1}', '{3}', '{4}', '2026-11-30 21:58:22.339171+00'),
	('workflow', 2, 81, '2026-11-30 21:58:22.678593+00', '{before.custody.command-completed.v1}', '{2}', '{3}', '2026-11-30 21:58:22.596338+00'),
	('workflow', 0, 83, '2026-11-30 21:58:22.77207+00', '{before.custody.order-updated.v1}', '{7}', '{8}', '2026-11-30 21:58:22.596338+00'),
	('workflow', 1, 84, '2026-11-30 21:58:22.789773+00', '{before.custody.order-updated.v1}', '{4}', '{5}', '2026-11-30 21:58:22.596338+00'),
	('workflow', 0, 86, '2026-11-30 21:58:22.82404+00', '{before.custody.order-updated.v1}', '{8}', '{9}', '2026-11-30 21:58:22.596338+00'),
	('workflow', 0, 90, '2026-11-30 21:58:22.863875+00', '{before.custody.compliance-read.v1}', '{1}', '{2}', '2026-11-30 21:58:22.596338+00'),
	('workflow', 1, 91, '2026-11-30 21:58:22.894856+00', '{before.custody.compliance-read.v1,before.custody.order-updated.v1}', '{1,5}', '{2,6}', '2026-11-30 21:58:22.886071+00'),
	('workflow', 0, 93, '2026-11-30 21:58:22.94187+00', '{before.custody.decision-made.v1}', '{4}', '{5}', '2026-11-30 21:58:22.886071+00'),
	('workflow', 1, 95, '2026-11-30 21:58:22.971642+00', '{before.custody.decision-made.v1}', '{1}', '{2}', '2026-11-30 21:58:22.886071+00'),
	('workflow', 1, 98, '2026-11-30 21:58:23.482843+00', '{before.custody.quote-received.v1}', '{0}', '{1}', '2026-11-30 21:58:23.399818+00'),
	('workflow', 1, 99, '2026-11-30 21:58:23.659421+00', '{before.custody.quote-received.v1}', '{1}', '{2}', '2026-11-30 21:58:23.399818+00'),
	('workflow', 2, 100, '2026-11-30 21:58:24.687452+00', '{}', '{}', '{}', '2026-11-30 21:58:24.441735+00');
INSERT INTO custodian.readings OVERRIDING SYSTEM VALUE VALUES
	('risk', 2, 101, '2026-11-30 21:58:24.747974+00', '{before.custody.decision-requested.v1}', '{4}', '{5}', NULL),
	('workflow', 2, 102, '2026-11-30 21:58:24.786608+00', '{before.custody.decision-made.v1}', '{4}', '{5}', '2026-11-30 21:58:24.685491+00'),
	('risk', 2, 103, '2026-11-30 21:58:24.796831+00', '{before.custody.decision-made.v1}', '{4}', '{5}', NULL),
	('workflow', 0, 104, '2026-11-30 21:58:35.341817+00', '{before.custody.compliance-read.v1}', '{2}', '{3}', NULL),
	('workflow', 1, 105, '2026-11-30 21:58:35.341817+00', '{before.custody.order-updated.v1,before.custody.quote-received.v1}', '{6,2}', '{7,3}', NULL),
	('workflow', 0, 106, '2026-11-30 21:58:35.378586+00', '{before.custody.order-updated.v1}', '{9}', '{11}', NULL);
INSERT INTO custodian.request_budgets VALUES
	('tokyo', 1796075915.490074, 1796075903.0192413, 0);
INSERT INTO custodian.roles VALUES
	('before-2949-commands', 'commands', 2949, 'before', 44071, '2026-11-30 21:57:44.086609+00', '2026-11-30 21:58:22.203832+00', true, 0, '{"lag": 0, "began": "2026-11-30T21:57:43.728922Z", "ready": true, "counts": {"seen": 4, "succeeded": 4, "journalled": 4}, "reasons": {}, "degraded": [], "position": 19}', '{"2026-11-30 21:57:44.086609+00"}');
INSERT INTO custodian.states VALUES
	('workflow', 'tokyo/bdb79ca8-0a40-44f4-bc93-bf76f098af18', '{"note": "settled", "side": "receiver", "cause": "499ac410f55b1d7430bbd50c8354b9d2", "order": {"created_at": "2026-11-30T21:57:59.418Z", "expires_at": "2076-11-17T21:57:59.418Z", "target_amount": "100000", "sender_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "JP", "jurisdiction_receiver": "SG", "sender_custodian_party_id": "CustodianB::1220ef3410700fa1362b4d841bdcbaa3226a74a06980e52a619f07066ab7d0ec79aa", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "phase": "ended", "venue": "tokyo", "status": "SETTLED", "intent_id": "bdb79ca8-0a40-44f4-bc93-bf76f098af18", "updated_at": "2026-11-30T21:57:59.560224Z", "phase_since": "2026-11-30T21:57:59.836776Z", "first_seen_at": "2026-11-30T21:57:59.428981Z", "order_observed_at": "2026-11-30T21:57:59.560224Z"}', '2026-11-30 21:57:59.886711+00', 2, NULL),
	('workflow', 'tokyo/da21673b-7fe3-4591-bd0a-2fb2092a21b0', '{"note": "settled", "side": "receiver", "cause": "fc5cecc2d5139d0acf5e63b028389291", "order": {"created_at": "2026-11-30T21:57:59.418Z", "expires_at": "2076-11-17T21:57:59.418Z", "target_amount": "100000", "sender_party_id": "InstitutionC::1220955259e7d2eedbaeac07549f76dcf2a2185ed31749271fc180cf2f8cc5eb951a", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "phase": "ended", "venue": "tokyo", "status": "SETTLED", "intent_id": "da21673b-7fe3-4591-bd0a-2fb2092a21b0", "updated_at": "2026-11-30T21:57:59.594697Z", "phase_since": "2026-11-30T21:57:59.676031Z", "first_seen_at": "2026-11-30T21:57:59.428981Z", "order_observed_at": "2026-11-30T21:57:59.594697Z"}', '2026-11-30 21:57:59.886956+00', 1, NULL),
	('settlement', 'tokyo/da21673b-7fe3-4591-bd0a-2fb2092a21b0', '{"side": "receiver", "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T21:57:59.418000Z", "target_amount": "100000", "sender_party_id": "InstitutionC::1220955259e7d2eedbaeac07549f76dcf2a2185ed31749271fc180cf2f8cc5eb951a", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2", "source_amount_actual": "11200000", "sender_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "terms_sha256": "a6858ee850ea4c61cd39ac78ccbcc010249b352a8e529292b3f7d23cc97a21bd", "transaction_hash": "8686c452b3e6ef474240218818d998f1f8b10f1701594568b2fecd157da37ee4"}, "status": "SETTLED", "intent_id": "da21673b-7fe3-4591-bd0a-2fb2092a21b0", "updated_at": "2026-11-30T21:57:59.428981Z", "first_seen_at": "2026-11-30T21:57:59.428981Z", "terms_version": 2}', '2026-11-30 21:58:00.097776+00', 1, NULL),
	('risk', 'tokyo/8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '{"answered": ["617ed4023e1575a3806f7a75a03d9032", "a628ea4fbdc4b1643961a6cb78cc9990"]}', '2026-11-30 21:58:02.070129+00', 2, NULL),
	('risk', 'tokyo/6432515e-bc62-471e-81db-176fbbcc151c', '{"answered": ["48fc3aeaf63ba4e95c87b4edefb6de1c", "3397d89a77e4830bc16207b858319b68", "165b22be2e8c2376d086406ae8deb7cd"]}', '2026-11-30 21:58:14.70214+00', 0, NULL),
	('risk', 'tokyo/da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"answered": ["d6c84634b201ffbf6808606f9e4bcd59"]}', '2026-11-30 21:58:15.689762+00', 1, NULL),
	('risk', 'tokyo/7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"answered": ["378412bb4d2f98fe1d6b235803447c4f"]}', '2026-11-30 21:58:15.752839+00', 2, NULL),
	('settlement', 'tokyo/bdb79ca8-0a40-44f4-bc93-bf76f098af18', '{"side": "receiver", "marks": ["double_settlement/b69cea6b72a09d076226fa15f8928c1bc43f3213d5da7603975d8b3f90999d6d"], "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T21:57:59.418000Z", "target_amount": "100000", "sender_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "source_amount_actual": "11200000", "sender_custodian_party_id": "CustodianB::1220ef3410700fa1362b4d841bdcbaa3226a74a06980e52a619f07066ab7d0ec79aa", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "terms_sha256": "f2ad22903a599ce530fc15aa5bf0b050a998b7bfe239c5126d479e57f3f640da", "transaction_hash": "5b2ae39b31d3fc57a3e7f09dd54ac6cde1c31fe2545bac075bafab0776e8cbfe"}, "status": "SETTLED", "intent_id": "bdb79ca8-0a40-44f4-bc93-bf76f098af18", "updated_at": "2026-11-30T21:57:59.428981Z", "first_seen_at": "2026-11-30T21:57:59.428981Z", "terms_version": 2}', '2026-11-30 21:58:20.732038+00', 2, NULL),
	('settlement', 'tokyo/8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '{"side": "sender", "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T21:58:02.746000Z", "target_amount": "1000", "sender_party_id": "InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_amount_actual": "112000", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "terms_sha256": "aed6fd2149a56e6e59f3466fffc1310dad5306171c4614845710b039697f14f5", "transaction_hash": "4abdbb4e139e41bb1356839597a22338f1da27e17e6744c17ec15896d798ad09"}, "status": "SETTLED", "intent_id": "8508ce4d-2919-49ae-a31f-5d5d22a2faa5", "updated_at": "2026-11-30T21:58:02.754584Z", "first_seen_at": "2026-11-30T21:57:59.428981Z", "terms_version": 2}', '2026-11-30 21:58:02.928502+00', 2, NULL),
	('settlement', 'tokyo/6432515e-bc62-471e-81db-176fbbcc151c', '{"side": "sender", "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T21:58:15.299000Z", "target_amount": "60000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "source_amount_actual": "6720000", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce"}, "terms_sha256": "837bba8008d1c852742779612ea939e7deaea14135040b681a41b9c96c81b144", "transaction_hash": "5dda93c8b3d36fe44e93f8cc7967331fb9dbdddfa61ebd7586859b7753e01b18"}, "status": "SETTLED", "intent_id": "6432515e-bc62-471e-81db-176fbbcc151c", "updated_at": "2026-11-30T21:58:15.303812Z", "first_seen_at": "2026-11-30T21:58:03.030852Z", "terms_version": 2}', '2026-11-30 21:58:15.382781+00', 0, NULL),
	('settlement', 'tokyo/da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "da428cd9-6ea1-4c07-ada0-7957c4741fe9", "updated_at": "2026-11-30T21:58:15.477980Z", "first_seen_at": "2026-11-30T21:58:15.477980Z"}', '2026-11-30 21:58:15.55384+00', 1, NULL),
	('risk', 'tokyo/503a0c21-f26f-4d06-bd84-24024c31a9b0', '{"answered": ["df0c74871e538d457fc112216c440115", "6f73df61b6888d86832f6c27f5f3fbf6"]}', '2026-11-30 21:58:24.7586+00', 2, NULL),
	('workflow', 'tokyo/da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"ask": {"basis": "8d995883e9bc5631d3cefc586d71f1d159b8a47f052371a744472d586f40ce20", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T21:58:15.580170Z", "question": "accept_proposal", "decide_by": "2076-11-17T21:58:13.474000Z", "request_id": "fb9b1c4914d547683211f18906919906", "context_sha256": "9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb"}, "note": "waits for a person", "side": "sender", "cause": "d6c84634b201ffbf6808606f9e4bcd59", "order": {"created_at": "2026-11-30T21:58:15.474Z", "expires_at": "2076-11-17T21:58:15.474Z", "target_amount": "60000", "sender_party_id": "InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a"}, "phase": "referred_accept", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "d6c84634b201ffbf6808606f9e4bcd59", "verdict": "REFER", "question": "accept_proposal", "decided_by": "risk", "request_id": "fb9b1c4914d547683211f18906919906", "decision_id": "d6c84634b201ffbf6808606f9e4bcd59", "context_sha256": "9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb"}], "referral": "d6c84634b201ffbf6808606f9e4bcd59", "intent_id": "da428cd9-6ea1-4c07-ada0-7957c4741fe9", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "SG", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:15.501557Z", "phase_since": "2026-11-30T21:58:15.738081Z", "first_seen_at": "2026-11-30T21:58:15.477980Z", "order_observed_at": "2026-11-30T21:58:15.501557Z", "compliance_observed_at": "2026-11-30T21:58:15.531286Z"}', '2026-11-30 21:58:15.751038+00', 1, '2076-11-17 21:58:13.474+00'),
	('risk', 'tokyo/b5d2c6a2-daea-428e-950d-720d8de74a97', '{"answered": ["5601f9f3abb08810b6ca0699f7330759"]}', '2026-11-30 21:58:22.923989+00', 0, NULL),
	('workflow', 'tokyo/8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '{"ask": {"basis": "fb21edf4aa1e259805d4e663eed81174da3d34b7e849678b8d15dbcc3855dc60", "round": 1, "lacked": ["rates"], "offered": ["0040d885-edef-4b88-ad56-4387894ceb9f"], "asked_at": "2026-11-30T21:58:01.902427Z", "question": "co_sign_quote", "decide_by": "2076-11-17T21:57:59.427000Z", "request_id": "e67ace514ce60760fac80a7a341e5d49", "context_sha256": "d31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702"}, "done": [{"kind": "accept_proposal", "cause": "c0726c0aa627534a957267da4226dc1d", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "command_id": "5f126f861b6022c7895d301cfb154e8d", "http_status": 200, "completed_at": "2026-11-30T21:58:00.885891Z"}, {"kind": "co_sign_quote", "cause": "d4f7a2c3b60308bcb9af3384886a9ec5", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "quote_id": "0040d885-edef-4b88-ad56-4387894ceb9f", "command_id": "a090ede6a26fbc0d272fba01318cfd6c", "http_status": 200, "completed_at": "2026-11-30T21:58:02.355427Z"}], "note": "settled", "side": "sender", "cause": "54f203524b3353bd26ecbc79ad677eba", "order": {"created_at": "2026-11-30T21:57:59.427Z", "expires_at": "2076-11-17T21:57:59.427Z", "target_amount": "1000", "sender_party_id": "InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "jurisdiction_sender": "JP", "jurisdiction_receiver": "SG", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "phase": "ended", "venue": "tokyo", "pinned": "0040d885-edef-4b88-ad56-4387894ceb9f", "quotes": [{"cause": "306e131c545d9f584429d8bade940756", "status": "OPEN", "fx_rate": "112.0", "noted_at": "2026-11-30T21:58:01.422636Z", "quote_id": "0040d885-edef-4b88-ad56-4387894ceb9f", "observed_at": "2026-11-30T21:58:01.572689Z", "valid_until": "2076-11-17T21:58:01.378Z", "first_seen_at": "2026-11-30T21:58:01.381217Z", "source_amount": "112000", "target_amount": "1000", "market_maker_party_id": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853"}], "rounds": {"co_sign_quote": 1, "accept_proposal": 1}, "status": "SETTLED", "answers": [{"cause": "617ed4023e1575a3806f7a75a03d9032", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "94f0f7fc4b030b67872a552d90373d7f", "decision_id": "617ed4023e1575a3806f7a75a03d9032", "context_sha256": "4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9"}, {"cause": "a628ea4fbdc4b1643961a6cb78cc9990", "verdict": "ACCEPT", "question": "co_sign_quote", "quote_id": "0040d885-edef-4b88-ad56-4387894ceb9f", "decided_by": "risk", "request_id": "e67ace514ce60760fac80a7a341e5d49", "decision_id": "a628ea4fbdc4b1643961a6cb78cc9990", "context_sha256": "d31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702"}], "intent_id": "8508ce4d-2919-49ae-a31f-5d5d22a2faa5", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "JP", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "SG", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:02.754584Z", "phase_since": "2026-11-30T21:58:02.813726Z", "first_seen_at": "2026-11-30T21:57:59.428981Z", "order_observed_at": "2026-11-30T21:57:59.571945Z", "compliance_observed_at": "2026-11-30T21:57:59.624547Z"}', '2026-11-30 21:58:02.83759+00', 2, NULL),
	('risk', 'tokyo/d5122edc-ca67-4c5e-a7c0-93b222327e05', '{"answered": ["faee3561138d3782a36614e7fd480e3f"]}', '2026-11-30 21:58:22.952223+00', 1, NULL),
	('workflow', 'tokyo/6432515e-bc62-471e-81db-176fbbcc151c', '{"ask": {"basis": "689b9c352d9a83e3af21cc8727c2901efbb6cf6ea1d42b6f4e06a456d55f990d", "round": 2, "lacked": ["rates"], "offered": ["e7fee533-1b07-4c16-886b-a937aa3de573"], "asked_at": "2026-11-30T21:58:14.357162Z", "question": "co_sign_quote", "decide_by": "2076-11-17T21:58:03.019000Z", "request_id": "698afa3ce86c5ad951e6a30ebdfcc6f7", "context_sha256": "36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e"}, "done": [{"kind": "accept_proposal", "cause": "10b7c2441342830c3b75aa5680b03df2", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "command_id": "00086f91f32985e5bf986bb63e416977", "http_status": 200, "completed_at": "2026-11-30T21:58:13.361731Z"}, {"kind": "co_sign_quote", "cause": "340380b985f37bddd9ead5eaac8c6aed", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "quote_id": "e7fee533-1b07-4c16-886b-a937aa3de573", "command_id": "1791b34a7b98d58f2e439e4f59307c70", "http_status": 200, "completed_at": "2026-11-30T21:58:14.857611Z"}], "note": "settled", "side": "sender", "cause": "ac0a20361efb425ecaef14df8916b1ad", "order": {"created_at": "2026-11-30T21:58:03.019Z", "expires_at": "2076-11-17T21:58:03.019Z", "target_amount": "60000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce"}, "phase": "ended", "venue": "tokyo", "pinned": "e7fee533-1b07-4c16-886b-a937aa3de573", "quotes": [{"cause": "baf413570208aa3200b1c71785eb49f9", "status": "OPEN", "fx_rate": "112.0", "noted_at": "2026-11-30T21:58:13.773603Z", "quote_id": "e7fee533-1b07-4c16-886b-a937aa3de573", "observed_at": "2026-11-30T21:58:14.239998Z", "valid_until": "2076-11-17T21:58:13.754Z", "first_seen_at": "2026-11-30T21:58:13.758856Z", "source_amount": "6720000", "target_amount": "60000", "market_maker_party_id": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853"}], "rounds": {"co_sign_quote": 2, "accept_proposal": 1}, "status": "SETTLED", "answers": [{"cause": "48fc3aeaf63ba4e95c87b4edefb6de1c", "verdict": "REFER", "question": "accept_proposal", "decided_by": "risk", "request_id": "eec791f3c25e1bcd5f99ca25ad6d4ddb", "decision_id": "48fc3aeaf63ba4e95c87b4edefb6de1c", "context_sha256": "9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"}, {"cause": "add4f0258a1dd3bd2a87efe78d7dfdf2", "verdict": "ACCEPT", "question": "accept_proposal", "refers_to": "48fc3aeaf63ba4e95c87b4edefb6de1c", "decided_by": "Officer One, Officer Two", "request_id": "eec791f3c25e1bcd5f99ca25ad6d4ddb", "decision_id": "a491f0e8381173d8475bd2fc707123dc", "context_sha256": "9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"}, {"cause": "165b22be2e8c2376d086406ae8deb7cd", "verdict": "ACCEPT", "question": "co_sign_quote", "quote_id": "e7fee533-1b07-4c16-886b-a937aa3de573", "decided_by": "risk", "request_id": "698afa3ce86c5ad951e6a30ebdfcc6f7", "decision_id": "165b22be2e8c2376d086406ae8deb7cd", "context_sha256": "36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e"}], "intent_id": "6432515e-bc62-471e-81db-176fbbcc151c", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "SG", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:15.303812Z", "phase_since": "2026-11-30T21:58:15.356349Z", "first_seen_at": "2026-11-30T21:58:03.030852Z", "order_observed_at": "2026-11-30T21:58:03.078715Z", "compliance_observed_at": "2026-11-30T21:58:03.124071Z"}', '2026-11-30 21:58:15.367946+00', 0, NULL),
	('settlement', 'tokyo/7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "7346bf79-7e43-45d0-b795-ccfefda5f83c", "updated_at": "2026-11-30T21:58:15.487795Z", "first_seen_at": "2026-11-30T21:58:15.487795Z"}', '2026-11-30 21:58:15.574302+00', 2, NULL),
	('settlement', 'tokyo/503a0c21-f26f-4d06-bd84-24024c31a9b0', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "503a0c21-f26f-4d06-bd84-24024c31a9b0", "updated_at": "2026-11-30T21:58:22.282529Z", "first_seen_at": "2026-11-30T21:58:22.282529Z"}', '2026-11-30 21:58:22.354377+00', 2, NULL),
	('settlement', 'tokyo/b5d2c6a2-daea-428e-950d-720d8de74a97', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "b5d2c6a2-daea-428e-950d-720d8de74a97", "updated_at": "2026-11-30T21:58:22.728893Z", "first_seen_at": "2026-11-30T21:58:22.728893Z"}', '2026-11-30 21:58:22.82476+00', 0, NULL),
	('settlement', 'tokyo/d5122edc-ca67-4c5e-a7c0-93b222327e05', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "d5122edc-ca67-4c5e-a7c0-93b222327e05", "updated_at": "2026-11-30T21:58:22.728893Z", "first_seen_at": "2026-11-30T21:58:22.728893Z"}', '2026-11-30 21:58:22.864364+00', 1, NULL),
	('workflow', 'tokyo/7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"ask": {"basis": "916c3433ac16fd95ac9c73d209f788fb727d0e924556ed1a8b5b2976b5efd459", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T21:58:15.600524Z", "question": "accept_proposal", "decide_by": "2076-11-17T21:58:13.480000Z", "request_id": "ec810f883615c6a2b759da1cfc47796b", "context_sha256": "ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1"}, "note": "waits for a person", "side": "sender", "cause": "378412bb4d2f98fe1d6b235803447c4f", "order": {"created_at": "2026-11-30T21:58:15.480Z", "expires_at": "2076-11-17T21:58:15.480Z", "target_amount": "60000", "sender_party_id": "InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b", "jurisdiction_sender": "KR", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a"}, "phase": "referred_accept", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "378412bb4d2f98fe1d6b235803447c4f", "verdict": "REFER", "question": "accept_proposal", "decided_by": "risk", "request_id": "ec810f883615c6a2b759da1cfc47796b", "decision_id": "378412bb4d2f98fe1d6b235803447c4f", "context_sha256": "ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1"}], "referral": "378412bb4d2f98fe1d6b235803447c4f", "intent_id": "7346bf79-7e43-45d0-b795-ccfefda5f83c", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "KR", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:15.526339Z", "phase_since": "2026-11-30T21:58:15.811303Z", "first_seen_at": "2026-11-30T21:58:15.487795Z", "order_observed_at": "2026-11-30T21:58:15.526339Z", "compliance_observed_at": "2026-11-30T21:58:15.535191Z"}', '2026-11-30 21:58:15.830072+00', 2, '2076-11-17 21:58:13.48+00'),
	('workflow', 'tokyo/b5d2c6a2-daea-428e-950d-720d8de74a97', '{"ask": {"basis": "092fd6642a90063320fddf639bc7ea80ab43bb918223e4f8cd5d8cc7404153e2", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T21:58:22.863875Z", "question": "accept_proposal", "decide_by": "2076-11-17T21:58:20.722000Z", "request_id": "90fc7c280ae6f492d4c564975b80e537", "context_sha256": "1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715"}, "note": "live: decided by risk", "side": "sender", "cause": "5601f9f3abb08810b6ca0699f7330759", "order": {"created_at": "2026-11-30T21:58:22.722Z", "expires_at": "2076-11-17T21:58:22.722Z", "target_amount": "1000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "jurisdiction_sender": "KR", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce"}, "phase": "accepting", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "5601f9f3abb08810b6ca0699f7330759", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "90fc7c280ae6f492d4c564975b80e537", "decision_id": "5601f9f3abb08810b6ca0699f7330759", "context_sha256": "1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715"}], "command": {"kind": "accept_proposal", "quote_id": null, "issued_at": "2026-11-30T21:58:22.941870Z", "not_after": "2076-11-17T21:58:20.722000Z", "command_id": "7dc41ab21ee2b995311d31bff120c113", "decision_id": "5601f9f3abb08810b6ca0699f7330759"}, "intent_id": "b5d2c6a2-daea-428e-950d-720d8de74a97", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "KR", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:22.750013Z", "phase_since": "2026-11-30T21:58:22.941870Z", "first_seen_at": "2026-11-30T21:58:22.728893Z", "order_observed_at": "2026-11-30T21:58:22.750013Z", "compliance_observed_at": "2026-11-30T21:58:22.815120Z"}', '2026-11-30 21:58:22.950137+00', 0, NULL),
	('workflow', 'tokyo/d5122edc-ca67-4c5e-a7c0-93b222327e05', '{"ask": {"basis": "cf5fe4f1361126dffa7d80ab07c4ec4ca41649c08f7f3732a193cc652574a61a", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T21:58:22.894856Z", "question": "accept_proposal", "decide_by": "2076-11-17T21:58:20.722000Z", "request_id": "6f368387b8459fb7d3328d32c8753db6", "context_sha256": "5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875"}, "note": "live: decided by risk", "side": "sender", "cause": "3885417aa45f137c10b55cb7b922ed88", "order": {"created_at": "2026-11-30T21:58:22.722Z", "expires_at": "2076-11-17T21:58:22.722Z", "target_amount": "1000", "sender_party_id": "InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867", "jurisdiction_sender": "JP", "jurisdiction_receiver": "KR", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "phase": "accepting", "venue": "tokyo", "quotes": [{"cause": "3885417aa45f137c10b55cb7b922ed88", "status": "OPEN", "fx_rate": "112.0", "noted_at": "2026-11-30T21:58:23.482843Z", "quote_id": "ede8c07b-3621-460c-bac5-3942dcc9e0a8", "observed_at": "2026-11-30T21:58:23.639463Z", "valid_until": "2076-11-17T21:58:23.444Z", "first_seen_at": "2026-11-30T21:58:23.448975Z", "source_amount": "112000", "target_amount": "1000", "market_maker_party_id": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853"}], "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "faee3561138d3782a36614e7fd480e3f", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "6f368387b8459fb7d3328d32c8753db6", "decision_id": "faee3561138d3782a36614e7fd480e3f", "context_sha256": "5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875"}], "command": {"kind": "accept_proposal", "quote_id": null, "issued_at": "2026-11-30T21:58:22.971642Z", "not_after": "2076-11-17T21:58:20.722000Z", "command_id": "b6679bf21c853ad5c7768a54327c4978", "decision_id": "faee3561138d3782a36614e7fd480e3f"}, "intent_id": "d5122edc-ca67-4c5e-a7c0-93b222327e05", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "JP", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "KR", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:22.830569Z", "phase_since": "2026-11-30T21:58:22.971642Z", "first_seen_at": "2026-11-30T21:58:22.728893Z", "order_observed_at": "2026-11-30T21:58:22.830569Z", "compliance_observed_at": "2026-11-30T21:58:22.838428Z"}', '2026-11-30 21:58:23.663556+00', 1, NULL),
	('workflow', 'tokyo/503a0c21-f26f-4d06-bd84-24024c31a9b0', '{"ask": {"basis": "c4be434502fcedba9b3537b56ea9925b66354868abb723e8347bebcc3ffa52df", "round": 2, "lacked": ["rates"], "asked_at": "2026-11-30T21:58:24.687452Z", "question": "accept_proposal", "decide_by": "2076-11-17T21:58:20.277000Z", "request_id": "3e3faa0a7a584b913f97dfc7eac84d48", "context_sha256": "5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26"}, "done": [{"kind": "accept_proposal", "cause": "84e919e68acf8f6c05b0a078ea5b8dfe", "reason": "halted: EURCx/USDCx, by Officer One: a question about this pair", "applied": true, "outcome": "refused", "command_id": "8346bd2cd8c15d6af5acdd06310defc7", "completed_at": "2026-11-30T21:58:22.616091Z"}], "note": "live: decided by risk", "side": "sender", "cause": "6f73df61b6888d86832f6c27f5f3fbf6", "order": {"created_at": "2026-11-30T21:58:22.277Z", "expires_at": "2076-11-17T21:58:22.277Z", "target_amount": "1000", "sender_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "source_currency": "EURCx", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "JP", "jurisdiction_receiver": "KR", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "phase": "accepting", "venue": "tokyo", "rounds": {"accept_proposal": 2}, "status": "PENDING", "answers": [{"cause": "df0c74871e538d457fc112216c440115", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "5db395c606e3198d416a111662548327", "decision_id": "df0c74871e538d457fc112216c440115", "context_sha256": "5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26"}, {"cause": "6f73df61b6888d86832f6c27f5f3fbf6", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "3e3faa0a7a584b913f97dfc7eac84d48", "decision_id": "6f73df61b6888d86832f6c27f5f3fbf6", "context_sha256": "5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26"}], "command": {"kind": "accept_proposal", "quote_id": null, "issued_at": "2026-11-30T21:58:24.786608Z", "not_after": "2076-11-17T21:58:20.277000Z", "command_id": "53bf631c64ede7d9856e15e3ae28859c", "decision_id": "6f73df61b6888d86832f6c27f5f3fbf6"}, "setbacks": 1, "intent_id": "503a0c21-f26f-4d06-bd84-24024c31a9b0", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "JP", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "KR", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:22.311294Z", "phase_since": "2026-11-30T21:58:24.786608Z", "first_seen_at": "2026-11-30T21:58:22.282529Z", "order_observed_at": "2026-11-30T21:58:22.311294Z", "compliance_observed_at": "2026-11-30T21:58:22.353180Z"}', '2026-11-30 21:58:24.792065+00', 2, NULL),
	('workflow', 'tokyo/db2b37d8-610c-4de4-831b-f6726aa7437f', '{"ask": {"basis": "408014fba94283425edbac5382bba3dd02b8604fe881ba65beebb5fe2a44bc4c", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T21:58:35.378586Z", "question": "accept_proposal", "decide_by": "2076-11-17T21:58:32.373000Z", "request_id": "4171b20c59aaf82b3e3352f17d74539e", "context_sha256": "2e2288d94bda6528186f0eacd724c62dd35fbf89261366c3d3780fdd2c1e2ddd"}, "side": "sender", "cause": "1fe0b1b3a9e16b112cc987d27936ad67", "order": {"created_at": "2026-11-30T21:58:34.373Z", "expires_at": "2076-11-17T21:58:34.373Z", "target_amount": "1000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a"}, "phase": "asking_accept", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "intent_id": "db2b37d8-610c-4de4-831b-f6726aa7437f", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "SG", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T21:58:34.422697Z", "phase_since": "2026-11-30T21:58:35.378586Z", "first_seen_at": "2026-11-30T21:58:34.367057Z", "order_observed_at": "2026-11-30T21:58:34.422697Z", "compliance_observed_at": "2026-11-30T21:58:34.452306Z"}', '2026-11-30 21:58:35.388312+00', 0, '2076-11-17 21:58:32.373+00'),
	('settlement', 'tokyo/db2b37d8-610c-4de4-831b-f6726aa7437f', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "db2b37d8-610c-4de4-831b-f6726aa7437f", "updated_at": "2026-11-30T21:58:34.367057Z", "first_seen_at": "2026-11-30T21:58:34.367057Z"}', '2026-11-30 21:58:35.610774+00', 0, NULL);
INSERT INTO custodian.venue_parties VALUES
	('tokyo', 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', '2026-11-30 21:57:59.114633+00');
INSERT INTO custodian.venues VALUES
	('tokyo', false, '2026-11-30 21:58:35.369683+00', '2026-11-30 21:58:35.411432+00', 'before-5440-ingest', '2026-11-30 21:58:35.79923+00', NULL, NULL, 1, '2026-11-30 21:58:35.284884+00', '2026-11-30 21:58:35.306606+00', 0, NULL);
INSERT INTO ledger.accounts OVERRIDING SYSTEM VALUE VALUES
	(1, 'client_liability:tokyo:InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2:USDCx', 'client_liability', 'tokyo', 'InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2', 'USDCx', 18, '2026-11-30 21:58:00.27712+00'),
	(2, 'custody_asset:tokyo:USDCx', 'custody_asset', 'tokyo', NULL, 'USDCx', 18, '2026-11-30 21:58:00.277238+00'),
	(3, 'client_liability:tokyo:InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd:USDCx', 'client_liability', 'tokyo', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'USDCx', 18, '2026-11-30 21:58:00.480019+00'),
	(4, 'client_liability:tokyo:InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867:JPYSC0', 'client_liability', 'tokyo', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', 'JPYSC0', 18, '2026-11-30 21:58:02.958433+00'),
	(5, 'custody_asset:tokyo:JPYSC0', 'custody_asset', 'tokyo', NULL, 'JPYSC0', 18, '2026-11-30 21:58:02.958501+00'),
	(6, 'client_liability:tokyo:InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80:JPYSC0', 'client_liability', 'tokyo', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'JPYSC0', 18, '2026-11-30 21:58:15.425155+00');
INSERT INTO ledger.balances VALUES
	(1, 1, 0, 100000000000000000000000),
	(2, 1, 100000000000000000000000, 0),
	(2, 2, 100000000000000000000000, 0),
	(3, 2, 0, 100000000000000000000000),
	(4, 2, 112000000000000000000000, 0),
	(5, 2, 0, 112000000000000000000000),
	(5, 0, 0, 6720000000000000000000000),
	(6, 0, 6720000000000000000000000, 0);
INSERT INTO ledger.currencies VALUES
	('USDCx', 18, DEFAULT, '2026-11-30 21:58:00.256753+00'),
	('JPYSC0', 18, DEFAULT, '2026-11-30 21:58:02.957575+00');
INSERT INTO ledger.entries VALUES
	('4e0db88e-806d-8937-b2db-55fa734a2f6a', 'settlement', 2, 'tokyo', 'da21673b-7fe3-4591-bd0a-2fb2092a21b0', '8686c452b3e6ef474240218818d998f1f8b10f1701594568b2fecd157da37ee4', '2026-11-30 21:57:59.418+00', '2026-11-30 21:58:00.178011+00', NULL, NULL, 'before.custody.order-settled.v1', 1, 0, 'f22ee43419e489ac163d222c63e4d67e', 'receiver', 'JPYSC0', 11200000, 'USDCx', 100000, 112.0, 'CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce', 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'InstitutionC::1220955259e7d2eedbaeac07549f76dcf2a2185ed31749271fc180cf2f8cc5eb951a', 'InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '\246\205\216\350P\352La\3159\254x\314\274\300\020$\2335*\216R\222\222\263\367\322<\311z!\275', '_\345\320\011-\013\302\267\337\203\240\203f\351\345\322o%\364\317\361\0078kg\367D\366hP\223\375', '2026-11-30 21:57:59.428981+00'),
	('5c696883-4be3-8651-aef8-69d2a13a9fd7', 'settlement', 2, 'tokyo', 'bdb79ca8-0a40-44f4-bc93-bf76f098af18', '5b2ae39b31d3fc57a3e7f09dd54ac6cde1c31fe2545bac075bafab0776e8cbfe', '2026-11-30 21:57:59.418+00', '2026-11-30 21:58:00.449024+00', NULL, NULL, 'before.custody.order-settled.v1', 2, 0, '7ad878160309a671551f7b1f8a6f34b8', 'receiver', 'JPYSC0', 11200000, 'USDCx', 100000, 112.0, 'CustodianB::1220ef3410700fa1362b4d841bdcbaa3226a74a06980e52a619f07066ab7d0ec79aa', 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '\362\255"\220:Y\234\3450\374\025\252[\360\260P\251\230\267\277\3429\305\022mG\236W\363\366@\332', '\211\205)\315\372\370\004\006y\200\034w\001\362\364,b\211\276\364\230\333\316\367\347\261E\220\233@\212\033', '2026-11-30 21:57:59.428981+00'),
	('ce19b9f6-cbd8-84ce-a706-e9696ba508f0', 'settlement', 2, 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '4abdbb4e139e41bb1356839597a22338f1da27e17e6744c17ec15896d798ad09', '2026-11-30 21:58:02.746+00', '2026-11-30 21:58:02.954939+00', NULL, NULL, 'before.custody.order-settled.v1', 2, 1, '628ffc40e1cb4eee29325ee58a08dbd1', 'sender', 'JPYSC0', 112000, 'USDCx', 1000, 112.0, 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '\256\326\375!I\245nnY\363Fo\377\3011\015\255S\006\027\034F\024\204W\020\2609i\177\024\365', '\036{2''\345\035\262s[\374\332>\327u.4n\372dI@\210\034\025\006\005~\035Wg\231$', '2026-11-30 21:58:02.754584+00'),
	('32e48118-453e-8801-82aa-8b83327a7410', 'settlement', 2, 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', '5dda93c8b3d36fe44e93f8cc7967331fb9dbdddfa61ebd7586859b7753e01b18', '2026-11-30 21:58:15.299+00', '2026-11-30 21:58:15.417295+00', NULL, NULL, 'before.custody.order-settled.v1', 0, 0, 'ea3deabfbaee01d6a15260e702ebdd09', 'sender', 'JPYSC0', 6720000, 'USDCx', 60000, 112.0, 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '\203{\272\200\010\321\310Rt''ya.\2519\347\336\256\241A5\004\013h\032A\271\311l\201\261D', '\342\225:\277!\327\2544\027V\254\252\214;ztyx\317)\243\305\267!\012f\030.\220\215n\000', '2026-11-30 21:58:15.303812+00');
INSERT INTO ledger.postings VALUES
	('4e0db88e-806d-8937-b2db-55fa734a2f6a', 1, 2, 'USDCx', 18, 'debit', 100000000000000000000000),
	('4e0db88e-806d-8937-b2db-55fa734a2f6a', 2, 1, 'USDCx', 18, 'credit', 100000000000000000000000),
	('5c696883-4be3-8651-aef8-69d2a13a9fd7', 1, 2, 'USDCx', 18, 'debit', 100000000000000000000000),
	('5c696883-4be3-8651-aef8-69d2a13a9fd7', 2, 3, 'USDCx', 18, 'credit', 100000000000000000000000),
	('ce19b9f6-cbd8-84ce-a706-e9696ba508f0', 1, 4, 'JPYSC0', 18, 'debit', 112000000000000000000000),
	('ce19b9f6-cbd8-84ce-a706-e9696ba508f0', 2, 5, 'JPYSC0', 18, 'credit', 112000000000000000000000),
	('32e48118-453e-8801-82aa-8b83327a7410', 1, 6, 'JPYSC0', 18, 'debit', 6720000000000000000000000),
	('32e48118-453e-8801-82aa-8b83327a7410', 2, 5, 'JPYSC0', 18, 'credit', 6720000000000000000000000);
INSERT INTO risk.answers OVERRIDING SYSTEM VALUE VALUES
	('617ed4023e1575a3806f7a75a03d9032', 1, '94f0f7fc4b030b67872a552d90373d7f', '4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:57:59.948774+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:57:57.427000Z"},"limit":"before decide_by","observed":"1576799997.478s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:57:59.427Z"},"limit":"before expires_at","observed":"1576799999.478s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"617ed4023e1575a3806f7a75a03d9032","request_id":"94f0f7fc4b030b67872a552d90373d7f","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:57:59.948774Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:57:57.427000Z"},"limit":"before decide_by","observed":"1576799997.478s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:57:59.427Z"},"limit":"before expires_at","observed":"1576799999.478s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9","approvers_needed":0}', '617ed4023e1575a3806f7a75a03d9032', '2026-11-30 21:58:00.045628+00'),
	('a628ea4fbdc4b1643961a6cb78cc9990', 2, 'e67ace514ce60760fac80a7a341e5d49', 'd31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', '0040d885-edef-4b88-ad56-4387894ceb9f', 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:02.006083+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"d31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:57:59.427000Z"},"limit":"before decide_by","observed":"1576799997.420s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:57:59.427Z"},"limit":"before expires_at","observed":"1576799997.420s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","valid_until":"2076-11-17T21:58:01.378Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.371s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","target_amount":"1000","required_source":"112000","quote.source_amount":"112000","quote.target_amount":"1000"},"limit":"target amount x rate","observed":"112000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote 0040d885-edef-4b88-ad56-4387894ceb9f":"source 112000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T21:58:01.378Z; chosen"},"limit":"lowest source amount","observed":"112000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}]', NULL, '{"decision_id":"a628ea4fbdc4b1643961a6cb78cc9990","request_id":"e67ace514ce60760fac80a7a341e5d49","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"co_sign_quote","quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:02.006083Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"d31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:57:59.427000Z"},"limit":"before decide_by","observed":"1576799997.420s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:57:59.427Z"},"limit":"before expires_at","observed":"1576799997.420s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","valid_until":"2076-11-17T21:58:01.378Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.371s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","target_amount":"1000","required_source":"112000","quote.source_amount":"112000","quote.target_amount":"1000"},"limit":"target amount x rate","observed":"112000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote 0040d885-edef-4b88-ad56-4387894ceb9f":"source 112000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T21:58:01.378Z; chosen"},"limit":"lowest source amount","observed":"112000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"d31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702","approvers_needed":0}', 'a628ea4fbdc4b1643961a6cb78cc9990', '2026-11-30 21:58:02.09824+00'),
	('48fc3aeaf63ba4e95c87b4edefb6de1c', 3, 'eec791f3c25e1bcd5f99ca25ad6d4ddb', '9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, 'REFER', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:03.355269+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","observed":"1576799997.663s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799999.663s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"48fc3aeaf63ba4e95c87b4edefb6de1c","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:03.355269Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","observed":"1576799997.663s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799999.663s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9","approvers_needed":2}', '48fc3aeaf63ba4e95c87b4edefb6de1c', '2026-11-30 21:58:03.459469+00'),
	('a491f0e8381173d8475bd2fc707123dc', 4, 'eec791f3c25e1bcd5f99ca25ad6d4ddb', '9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'Officer One, Officer Two', '2026-11-30 21:58:12.612779+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","observed":"1576799997.663s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799999.663s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', '48fc3aeaf63ba4e95c87b4edefb6de1c', '{"decision_id":"a491f0e8381173d8475bd2fc707123dc","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"Officer One, Officer Two","decided_at":"2026-11-30T21:58:12.612779Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","observed":"1576799997.663s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799999.663s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9","approvers_needed":0,"refers_to":"48fc3aeaf63ba4e95c87b4edefb6de1c"}', 'add4f0258a1dd3bd2a87efe78d7dfdf2', '2026-11-30 21:58:13.136351+00'),
	('3397d89a77e4830bc16207b858319b68', 5, '9e4c5a752e4e0ca93c9d04bf8e05baa0', '98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'e7fee533-1b07-4c16-886b-a937aa3de573', 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:14.425631+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:03.019000Z"},"limit":"before decide_by","observed":"1576799988.593s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799988.593s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T21:58:13.754Z"},"limit":"before valid_until","observed":"1576799999.328s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by unnamed, until 2076-11-17T21:58:13.754Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}]', NULL, '{"decision_id":"3397d89a77e4830bc16207b858319b68","request_id":"9e4c5a752e4e0ca93c9d04bf8e05baa0","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"co_sign_quote","quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:14.425631Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:03.019000Z"},"limit":"before decide_by","observed":"1576799988.593s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799988.593s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T21:58:13.754Z"},"limit":"before valid_until","observed":"1576799999.328s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by unnamed, until 2076-11-17T21:58:13.754Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2","approvers_needed":0}', '3397d89a77e4830bc16207b858319b68', '2026-11-30 21:58:14.634049+00'),
	('165b22be2e8c2376d086406ae8deb7cd', 6, '698afa3ce86c5ad951e6a30ebdfcc6f7', '36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'e7fee533-1b07-4c16-886b-a937aa3de573', 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:14.662101+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:03.019000Z"},"limit":"before decide_by","observed":"1576799988.356s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799988.356s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T21:58:13.754Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.091s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000","quote.source_amount":"6720000","quote.target_amount":"60000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T21:58:13.754Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}]', NULL, '{"decision_id":"165b22be2e8c2376d086406ae8deb7cd","request_id":"698afa3ce86c5ad951e6a30ebdfcc6f7","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"co_sign_quote","quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:14.662101Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:03.019000Z"},"limit":"before decide_by","observed":"1576799988.356s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799988.356s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T21:58:13.754Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.091s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000","quote.source_amount":"6720000","quote.target_amount":"60000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T21:58:13.754Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e","approvers_needed":0}', '165b22be2e8c2376d086406ae8deb7cd', '2026-11-30 21:58:14.723643+00'),
	('d6c84634b201ffbf6808606f9e4bcd59', 7, 'fb9b1c4914d547683211f18906919906', '9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb', 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', NULL, 'REFER', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:15.636622+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.474000Z"},"limit":"before decide_by","observed":"1576799997.837s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.474Z"},"limit":"before expires_at","observed":"1576799999.837s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"d6c84634b201ffbf6808606f9e4bcd59","request_id":"fb9b1c4914d547683211f18906919906","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:15.636622Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.474000Z"},"limit":"before decide_by","observed":"1576799997.837s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.474Z"},"limit":"before expires_at","observed":"1576799999.837s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb","approvers_needed":2}', 'd6c84634b201ffbf6808606f9e4bcd59', '2026-11-30 21:58:15.723401+00'),
	('378412bb4d2f98fe1d6b235803447c4f', 8, 'ec810f883615c6a2b759da1cfc47796b', 'ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1', 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', NULL, 'REFER', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:15.720246+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.480000Z"},"limit":"before decide_by","observed":"1576799997.759s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.480Z"},"limit":"before expires_at","observed":"1576799999.759s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"378412bb4d2f98fe1d6b235803447c4f","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:15.720246Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.480000Z"},"limit":"before decide_by","observed":"1576799997.759s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.480Z"},"limit":"before expires_at","observed":"1576799999.759s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1","approvers_needed":2}', '378412bb4d2f98fe1d6b235803447c4f', '2026-11-30 21:58:15.788973+00'),
	('df0c74871e538d457fc112216c440115', 9, '5db395c606e3198d416a111662548327', '5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:22.4607+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.277000Z"},"limit":"before decide_by","observed":"1576799997.816s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.277Z"},"limit":"before expires_at","observed":"1576799999.816s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"df0c74871e538d457fc112216c440115","request_id":"5db395c606e3198d416a111662548327","venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:22.460700Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.277000Z"},"limit":"before decide_by","observed":"1576799997.816s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.277Z"},"limit":"before expires_at","observed":"1576799999.816s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26","approvers_needed":0}', 'df0c74871e538d457fc112216c440115', '2026-11-30 21:58:22.524011+00'),
	('5601f9f3abb08810b6ca0699f7330759', 10, '90fc7c280ae6f492d4c564975b80e537', '1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715', 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:22.896765+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.722000Z"},"limit":"before decide_by","observed":"1576799997.825s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.722Z"},"limit":"before expires_at","observed":"1576799999.825s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"5601f9f3abb08810b6ca0699f7330759","request_id":"90fc7c280ae6f492d4c564975b80e537","venue":"tokyo","intent_id":"b5d2c6a2-daea-428e-950d-720d8de74a97","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:22.896765Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.722000Z"},"limit":"before decide_by","observed":"1576799997.825s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.722Z"},"limit":"before expires_at","observed":"1576799999.825s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715","approvers_needed":0}', '5601f9f3abb08810b6ca0699f7330759', '2026-11-30 21:58:22.929346+00'),
	('faee3561138d3782a36614e7fd480e3f', 11, '6f368387b8459fb7d3328d32c8753db6', '5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875', 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 21:58:22.937263+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.722000Z"},"limit":"before decide_by","observed":"1576799997.784s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.722Z"},"limit":"before expires_at","observed":"1576799999.784s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"1000"},"limit":"200000 USDCx per venue","observed":"2000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"faee3561138d3782a36614e7fd480e3f","request_id":"6f368387b8459fb7d3328d32c8753db6","venue":"tokyo","intent_id":"d5122edc-ca67-4c5e-a7c0-93b222327e05","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:22.937263Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.722000Z"},"limit":"before decide_by","observed":"1576799997.784s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.722Z"},"limit":"before expires_at","observed":"1576799999.784s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"1000"},"limit":"200000 USDCx per venue","observed":"2000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"1000"},"context_sha256":"5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875","approvers_needed":0}', 'faee3561138d3782a36614e7fd480e3f', '2026-11-30 21:58:22.955775+00');
INSERT INTO risk.approvals VALUES
	('48fc3aeaf63ba4e95c87b4edefb6de1c', 'officer one', 'Officer One', 'approve', '4b7ba8130bcb86889e039f67f4e0df112345483e5dbb52b49bf6ad48b9b413c4', 'looked at', '2026-11-30 21:58:06.706389+00'),
	('48fc3aeaf63ba4e95c87b4edefb6de1c', 'officer two', 'Officer Two', 'approve', '4b7ba8130bcb86889e039f67f4e0df112345483e5dbb52b49bf6ad48b9b413c4', 'looked at', '2026-11-30 21:58:12.612779+00'),
	('d6c84634b201ffbf6808606f9e4bcd59', 'officer one', 'Officer One', 'approve', 'b5dc74a0b0e74ea4fa2619e93ca3ceab85585ea5b326c169ea7497243d255ea2', 'looked at', '2026-11-30 21:58:18.10693+00'),
	('378412bb4d2f98fe1d6b235803447c4f', 'officer one', 'Officer One', 'approve', '086f8cb360ffad64ae99008f75c1cc8342a45c19f8788ab28a4fdaa22a2658e9', 'looked at', '2026-11-30 21:58:20.571252+00'),
	('378412bb4d2f98fe1d6b235803447c4f', 'officer two', 'Officer Two', 'approve', '086f8cb360ffad64ae99008f75c1cc8342a45c19f8788ab28a4fdaa22a2658e9', 'looked at', '2026-11-30 21:58:25.081652+00');
INSERT INTO risk.decisions VALUES
	('94f0f7fc4b030b67872a552d90373d7f', '4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9', '617ed4023e1575a3806f7a75a03d9032', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', 'ACCEPT', '{"decision_id":"617ed4023e1575a3806f7a75a03d9032","request_id":"94f0f7fc4b030b67872a552d90373d7f","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:57:59.948774Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:57:57.427000Z"},"limit":"before decide_by","observed":"1576799997.478s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:57:59.427Z"},"limit":"before expires_at","observed":"1576799999.478s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9","approvers_needed":0}', '{}', '2026-11-30 21:57:59.948774+00'),
	('e67ace514ce60760fac80a7a341e5d49', 'd31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702', 'a628ea4fbdc4b1643961a6cb78cc9990', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', 'ACCEPT', '{"decision_id":"a628ea4fbdc4b1643961a6cb78cc9990","request_id":"e67ace514ce60760fac80a7a341e5d49","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"co_sign_quote","quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:02.006083Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"d31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:57:59.427000Z"},"limit":"before decide_by","observed":"1576799997.420s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:57:59.427Z"},"limit":"before expires_at","observed":"1576799997.420s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","valid_until":"2076-11-17T21:58:01.378Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.371s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","target_amount":"1000","required_source":"112000","quote.source_amount":"112000","quote.target_amount":"1000"},"limit":"target amount x rate","observed":"112000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote 0040d885-edef-4b88-ad56-4387894ceb9f":"source 112000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T21:58:01.378Z; chosen"},"limit":"lowest source amount","observed":"112000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"d31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702","approvers_needed":0}', '{"0040d885-edef-4b88-ad56-4387894ceb9f": {"market_maker": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853", "source_amount": "112000"}}', '2026-11-30 21:58:02.006083+00'),
	('eec791f3c25e1bcd5f99ca25ad6d4ddb', '9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9', '48fc3aeaf63ba4e95c87b4edefb6de1c', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', 'REFER', '{"decision_id":"48fc3aeaf63ba4e95c87b4edefb6de1c","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:03.355269Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","observed":"1576799997.663s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799999.663s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9","approvers_needed":2}', '{}', '2026-11-30 21:58:03.355269+00'),
	('9e4c5a752e4e0ca93c9d04bf8e05baa0', '98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2', '3397d89a77e4830bc16207b858319b68', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'ACCEPT', '{"decision_id":"3397d89a77e4830bc16207b858319b68","request_id":"9e4c5a752e4e0ca93c9d04bf8e05baa0","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"co_sign_quote","quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:14.425631Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:03.019000Z"},"limit":"before decide_by","observed":"1576799988.593s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799988.593s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T21:58:13.754Z"},"limit":"before valid_until","observed":"1576799999.328s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by unnamed, until 2076-11-17T21:58:13.754Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2","approvers_needed":0}', '{"e7fee533-1b07-4c16-886b-a937aa3de573": {"market_maker": null, "source_amount": "6720000"}}', '2026-11-30 21:58:14.425631+00'),
	('698afa3ce86c5ad951e6a30ebdfcc6f7', '36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e', '165b22be2e8c2376d086406ae8deb7cd', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'ACCEPT', '{"decision_id":"165b22be2e8c2376d086406ae8deb7cd","request_id":"698afa3ce86c5ad951e6a30ebdfcc6f7","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"co_sign_quote","quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:14.662101Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:03.019000Z"},"limit":"before decide_by","observed":"1576799988.356s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799988.356s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T21:58:13.754Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.091s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000","quote.source_amount":"6720000","quote.target_amount":"60000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T21:58:13.754Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e","approvers_needed":0}', '{"e7fee533-1b07-4c16-886b-a937aa3de573": {"market_maker": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853", "source_amount": "6720000"}}', '2026-11-30 21:58:14.662101+00'),
	('fb9b1c4914d547683211f18906919906', '9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb', 'd6c84634b201ffbf6808606f9e4bcd59', 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', 'REFER', '{"decision_id":"d6c84634b201ffbf6808606f9e4bcd59","request_id":"fb9b1c4914d547683211f18906919906","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:15.636622Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.474000Z"},"limit":"before decide_by","observed":"1576799997.837s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.474Z"},"limit":"before expires_at","observed":"1576799999.837s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb","approvers_needed":2}', '{}', '2026-11-30 21:58:15.636622+00'),
	('ec810f883615c6a2b759da1cfc47796b', 'ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1', '378412bb4d2f98fe1d6b235803447c4f', 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', 'REFER', '{"decision_id":"378412bb4d2f98fe1d6b235803447c4f","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:15.720246Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.480000Z"},"limit":"before decide_by","observed":"1576799997.759s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.480Z"},"limit":"before expires_at","observed":"1576799999.759s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1","approvers_needed":2}', '{}', '2026-11-30 21:58:15.720246+00'),
	('5db395c606e3198d416a111662548327', '5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26', 'df0c74871e538d457fc112216c440115', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', 'ACCEPT', '{"decision_id":"df0c74871e538d457fc112216c440115","request_id":"5db395c606e3198d416a111662548327","venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:22.460700Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.277000Z"},"limit":"before decide_by","observed":"1576799997.816s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.277Z"},"limit":"before expires_at","observed":"1576799999.816s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26","approvers_needed":0}', '{}', '2026-11-30 21:58:22.4607+00'),
	('90fc7c280ae6f492d4c564975b80e537', '1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715', '5601f9f3abb08810b6ca0699f7330759', 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', 'ACCEPT', '{"decision_id":"5601f9f3abb08810b6ca0699f7330759","request_id":"90fc7c280ae6f492d4c564975b80e537","venue":"tokyo","intent_id":"b5d2c6a2-daea-428e-950d-720d8de74a97","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:22.896765Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.722000Z"},"limit":"before decide_by","observed":"1576799997.825s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.722Z"},"limit":"before expires_at","observed":"1576799999.825s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715","approvers_needed":0}', '{}', '2026-11-30 21:58:22.896765+00'),
	('6f368387b8459fb7d3328d32c8753db6', '5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875', 'faee3561138d3782a36614e7fd480e3f', 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', 'ACCEPT', '{"decision_id":"faee3561138d3782a36614e7fd480e3f","request_id":"6f368387b8459fb7d3328d32c8753db6","venue":"tokyo","intent_id":"d5122edc-ca67-4c5e-a7c0-93b222327e05","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:22.937263Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.722000Z"},"limit":"before decide_by","observed":"1576799997.784s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.722Z"},"limit":"before expires_at","observed":"1576799999.784s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"1000"},"limit":"200000 USDCx per venue","observed":"2000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"1000"},"context_sha256":"5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875","approvers_needed":0}', '{}', '2026-11-30 21:58:22.937263+00'),
	('3e3faa0a7a584b913f97dfc7eac84d48', '5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26', '6f73df61b6888d86832f6c27f5f3fbf6', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', 'ACCEPT', '{"decision_id":"6f73df61b6888d86832f6c27f5f3fbf6","request_id":"3e3faa0a7a584b913f97dfc7eac84d48","venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:24.728248Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:20.277000Z"},"limit":"before decide_by","observed":"1576799995.548s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:22.277Z"},"limit":"before expires_at","observed":"1576799997.548s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"2000"},"limit":"200000 USDCx per venue","observed":"3000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"2000"},"context_sha256":"5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26","approvers_needed":0}', '{}', '2026-11-30 21:58:24.728248+00');
INSERT INTO risk.ended VALUES
	('tokyo', 'bdb79ca8-0a40-44f4-bc93-bf76f098af18', 'SETTLED', '2026-11-30 21:57:59.716747+00'),
	('tokyo', 'da21673b-7fe3-4591-bd0a-2fb2092a21b0', 'SETTLED', '2026-11-30 21:57:59.855515+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'SETTLED', '2026-11-30 21:58:02.81203+00'),
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'SETTLED', '2026-11-30 21:58:15.354652+00');
INSERT INTO risk.exposures VALUES
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'settled', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', 'e7fee533-1b07-4c16-886b-a937aa3de573', 60000, NULL, 6720000.0, '2026-11-30 21:58:03.355269+00', '2026-11-30 21:58:13.184612+00', 'a491f0e8381173d8475bd2fc707123dc', '165b22be2e8c2376d086406ae8deb7cd', '{}', '2026-11-30 21:58:15.355732+00'),
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'asked', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', NULL, NULL, 60000, NULL, NULL, '2026-11-30 21:58:15.636622+00', NULL, NULL, NULL, '{}', '2026-11-30 21:58:15.651728+00'),
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'asked', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa', 'InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b', NULL, NULL, 60000, NULL, NULL, '2026-11-30 21:58:15.720246+00', NULL, NULL, NULL, '{}', '2026-11-30 21:58:15.732237+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'settled', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '0040d885-edef-4b88-ad56-4387894ceb9f', 1000, NULL, 112000.0, '2026-11-30 21:57:59.948774+00', '2026-11-30 21:57:59.948774+00', '617ed4023e1575a3806f7a75a03d9032', 'a628ea4fbdc4b1643961a6cb78cc9990', '{}', '2026-11-30 21:58:02.823015+00'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'reserved', 'EURCx/USDCx', 'EURCx', 'USDCx', 'InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', NULL, NULL, 1000, NULL, NULL, '2026-11-30 21:58:22.4607+00', '2026-11-30 21:58:24.728248+00', '6f73df61b6888d86832f6c27f5f3fbf6', NULL, '{df0c74871e538d457fc112216c440115}', '2026-11-30 21:58:24.745614+00'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'reserved', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f', NULL, NULL, 1000, NULL, NULL, '2026-11-30 21:58:22.896765+00', '2026-11-30 21:58:22.896765+00', '5601f9f3abb08810b6ca0699f7330759', NULL, '{}', '2026-11-30 21:58:22.910844+00'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'reserved', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', NULL, NULL, 1000, NULL, NULL, '2026-11-30 21:58:22.937263+00', '2026-11-30 21:58:22.937263+00', 'faee3561138d3782a36614e7fd480e3f', NULL, '{}', '2026-11-30 21:58:22.946384+00');
INSERT INTO risk.questions OVERRIDING SYSTEM VALUE VALUES
	('94f0f7fc4b030b67872a552d90373d7f', '4869118131d8a7a16f65f140f31824c8e715a22ffc4d0f9d08c10ebdd8a586c9', 1, 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","side":"sender","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T21:57:59.427Z","expires_at":"2076-11-17T21:57:59.427Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:57:59.836776+00', '2076-11-17 21:57:57.427+00', 'b73a929488e16025beece819980454e0', '2026-11-30 21:57:59.931369+00'),
	('e67ace514ce60760fac80a7a341e5d49', 'd31eb0d4f822432875d0395cb0d4914b82a5e7c32a02e8d6598585e9e05be702', 2, 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', 1, '{"venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","side":"sender","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T21:57:59.427Z","expires_at":"2076-11-17T21:57:59.427Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","quotes":[{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","source_amount":"112000","target_amount":"1000","valid_until":"2076-11-17T21:58:01.378Z","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","status":"OPEN","first_seen_at":"2026-11-30T21:58:01.381217Z","agrees":true}],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:01.902427+00', '2076-11-17 21:57:59.427+00', 'c1943a95f987aa6689a1b9954fb66b5d', '2026-11-30 21:58:01.956113+00'),
	('eec791f3c25e1bcd5f99ca25ad6d4ddb', '9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9', 3, 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","side":"sender","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T21:58:03.019Z","expires_at":"2076-11-17T21:58:03.019Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:03.273601+00', '2076-11-17 21:58:01.019+00', 'db597d9bfd05a738b7b70d6cbadea5c9', '2026-11-30 21:58:03.311974+00'),
	('9e4c5a752e4e0ca93c9d04bf8e05baa0', '98a4d7ef466a75ad8bafe8a29c253e54eea325af1498e77fdebdcdf480688da2', 4, 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 1, '{"venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","side":"sender","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T21:58:03.019Z","expires_at":"2076-11-17T21:58:03.019Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","quotes":[{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","valid_until":"2076-11-17T21:58:13.754Z","first_seen_at":"2026-11-30T21:58:13.758856Z","agrees":true}],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:14.302529+00', '2076-11-17 21:58:03.019+00', '5ec6241a089cf57116281d49b79b0394', '2026-11-30 21:58:14.346379+00'),
	('698afa3ce86c5ad951e6a30ebdfcc6f7', '36faa100fbdc199074d2ee6c59529f7a28c3ad38e2ad2e255cdc3506bc31df8e', 5, 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 2, '{"venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","side":"sender","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T21:58:03.019Z","expires_at":"2076-11-17T21:58:03.019Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","quotes":[{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","source_amount":"6720000","target_amount":"60000","valid_until":"2076-11-17T21:58:13.754Z","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","status":"OPEN","first_seen_at":"2026-11-30T21:58:13.758856Z","agrees":true}],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:14.357162+00', '2076-11-17 21:58:03.019+00', 'fb86d9289c78a9faee83cc4045b85ff5', '2026-11-30 21:58:14.570476+00'),
	('fb9b1c4914d547683211f18906919906', '9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb', 6, 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","side":"sender","sender_party_id":"InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T21:58:15.474Z","expires_at":"2076-11-17T21:58:15.474Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:15.58017+00', '2076-11-17 21:58:13.474+00', '2a38c14bfbef261580cb69354b40c50d', '2026-11-30 21:58:15.611466+00'),
	('ec810f883615c6a2b759da1cfc47796b', 'ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1', 7, 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","side":"sender","sender_party_id":"InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa","receiver_party_id":"InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T21:58:15.480Z","expires_at":"2076-11-17T21:58:15.480Z","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:15.600524+00', '2076-11-17 21:58:13.48+00', '3bdc6abefd7a73a861f53638fad4b868', '2026-11-30 21:58:15.690589+00'),
	('5db395c606e3198d416a111662548327', '5a5296f3f690244a548ab1a63d898181352210211c055f09824cb1f9aa7eaf26', 8, 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","side":"sender","sender_party_id":"InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"EURCx","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T21:58:22.277Z","expires_at":"2076-11-17T21:58:22.277Z","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:22.423304+00', '2076-11-17 21:58:20.277+00', 'dd3eee652dc045831b27a5ca9d10619a', '2026-11-30 21:58:22.444424+00'),
	('90fc7c280ae6f492d4c564975b80e537', '1cd0a3d3adefa5102cf993cc7debdb6da0563ad651310a2fc4f1e83309030715', 9, 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"b5d2c6a2-daea-428e-950d-720d8de74a97","side":"sender","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_party_id":"InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T21:58:22.722Z","expires_at":"2076-11-17T21:58:22.722Z","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:22.863875+00', '2076-11-17 21:58:20.722+00', '5a98244901fe8855dc37d104b896cbd9', '2026-11-30 21:58:22.895057+00'),
	('6f368387b8459fb7d3328d32c8753db6', '5d732792646704ff0438e3ad257e979fb2392e1b5603fb5847d7e798e84f0875', 10, 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"d5122edc-ca67-4c5e-a7c0-93b222327e05","side":"sender","sender_party_id":"InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b","receiver_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T21:58:22.722Z","expires_at":"2076-11-17T21:58:22.722Z","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 21:58:22.894856+00', '2076-11-17 21:58:20.722+00', '052bec559dbfbfc7c88b35c35d424279', '2026-11-30 21:58:22.912197+00');
INSERT INTO risk.referrals VALUES
	('48fc3aeaf63ba4e95c87b4edefb6de1c', 'eec791f3c25e1bcd5f99ca25ad6d4ddb', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, '9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9', '{"approvers_needed":2,"compliance":{"beneficiary_vasp_code":"KR-VASP-0001","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_provider":"Persona","kyc_status":"KYC_VERIFIED","originating_vasp_code":"JP-VASP-0001","pep_checked_at":"2026-10-31T00:00:00.000Z","pep_status":"NOT_PEP","purpose_code":"GDDS","risk_rating":"LOW","sanctions_freshness_window":"24h","sanctions_list_version":"OFAC-2026-11-29","sanctions_provider":"Chainalysis","sanctions_status":"SANCTIONS_CLEARED"},"context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9","counters":{"exposure of target USDCx per venue tokyo":"0"},"decide_by":"2076-11-17T21:58:01.019000Z","decided_at":"2026-11-30T21:58:03.355269Z","decided_by":"risk","decision_id":"48fc3aeaf63ba4e95c87b4edefb6de1c","expires_at":"2027-12-01T21:58:03.459469Z","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","order":{"created_at":"2026-11-30T21:58:03.019Z","expires_at":"2076-11-17T21:58:03.019Z","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","side":"sender","source_currency":"JPYSC0","target_amount":"60000","target_currency":"USDCx","venue":"tokyo"},"policy":{"name":"before","sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308","version":1},"question":"accept_proposal","quotes":[],"rates":[],"request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","requested_at":"2026-11-30T21:58:03.273601Z","round":1,"rules":[{"check":"question_whole","explanation":"The question holds what it was asked about.","inputs":{"context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9","target_amount":"60000"},"name":"built in: the question is whole","verdict":"PASS"},{"check":"in_time","explanation":"An accept would still have an effect.","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","name":"built in: asked in time","observed":"1576799997.663s left","verdict":"PASS"},{"check":"order_open","explanation":"The order has not ended or expired.","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","name":"built in: order still open","observed":"1576799999.663s left","verdict":"PASS"},{"check":"sender_custodian","explanation":"Only the sender''s custodian may accept.","inputs":{"side":"sender"},"limit":"sender or both","name":"built in: we are the sender''s custodian","observed":"sender","verdict":"PASS"},{"check":"kyc_status","explanation":"The sender''s KYC has a good status and stays valid long enough.","inputs":{"kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_status":"KYC_VERIFIED"},"limit":"KYC_VERIFIED, valid for over 0s","name":"snapshot says verified","observed":"KYC_VERIFIED, 364 days left","verdict":"PASS"},{"check":"four_eyes_above","explanation":"Above the limit two different people have to approve.","inputs":{"currency":"USDCx","target_amount":"60000"},"limit":"50000 USDCx","name":"two people above fifty thousand","observed":"60000","verdict":"REFER"},{"check":"exposure_at_most","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit.","inputs":{"currency":"USDCx","exposure of target USDCx per venue tokyo":"0","target_amount":"60000","venue":"tokyo"},"limit":"200000 USDCx per venue","name":"under way at all","observed":"60000","verdict":"PASS"}],"venue":"tokyo","verdict":"REFER"}', '4b7ba8130bcb86889e039f67f4e0df112345483e5dbb52b49bf6ad48b9b413c4', 2, '2027-12-01 21:58:03.459469+00', '{"decision_id":"48fc3aeaf63ba4e95c87b4edefb6de1c","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:03.355269Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:01.019000Z"},"limit":"before decide_by","observed":"1576799997.663s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:03.019Z"},"limit":"before expires_at","observed":"1576799999.663s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9fa70ef48cb749c743eda91200729e3c6d54a6185702d3e6e35b443d6fd0ccb9","approvers_needed":2}', '48fc3aeaf63ba4e95c87b4edefb6de1c', 'approved', '2026-11-30 21:58:03.459469+00', '2026-11-30 21:58:12.612779+00', 'a491f0e8381173d8475bd2fc707123dc'),
	('d6c84634b201ffbf6808606f9e4bcd59', 'fb9b1c4914d547683211f18906919906', 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', NULL, '9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb', '{"approvers_needed":2,"compliance":{"beneficiary_vasp_code":"KR-VASP-0001","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_provider":"Persona","kyc_status":"KYC_VERIFIED","originating_vasp_code":"JP-VASP-0001","pep_checked_at":"2026-10-31T00:00:00.000Z","pep_status":"NOT_PEP","purpose_code":"GDDS","risk_rating":"LOW","sanctions_freshness_window":"24h","sanctions_list_version":"OFAC-2026-11-29","sanctions_provider":"Chainalysis","sanctions_status":"SANCTIONS_CLEARED"},"context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb","counters":{"exposure of target USDCx per venue tokyo":"0"},"decide_by":"2076-11-17T21:58:13.474000Z","decided_at":"2026-11-30T21:58:15.636622Z","decided_by":"risk","decision_id":"d6c84634b201ffbf6808606f9e4bcd59","expires_at":"2027-12-01T21:58:15.723401Z","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","order":{"created_at":"2026-11-30T21:58:15.474Z","expires_at":"2076-11-17T21:58:15.474Z","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","sender_party_id":"InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc","side":"sender","source_currency":"JPYSC0","target_amount":"60000","target_currency":"USDCx","venue":"tokyo"},"policy":{"name":"before","sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308","version":1},"question":"accept_proposal","quotes":[],"rates":[],"request_id":"fb9b1c4914d547683211f18906919906","requested_at":"2026-11-30T21:58:15.580170Z","round":1,"rules":[{"check":"question_whole","explanation":"The question holds what it was asked about.","inputs":{"context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb","target_amount":"60000"},"name":"built in: the question is whole","verdict":"PASS"},{"check":"in_time","explanation":"An accept would still have an effect.","inputs":{"decide_by":"2076-11-17T21:58:13.474000Z"},"limit":"before decide_by","name":"built in: asked in time","observed":"1576799997.837s left","verdict":"PASS"},{"check":"order_open","explanation":"The order has not ended or expired.","inputs":{"expires_at":"2076-11-17T21:58:15.474Z"},"limit":"before expires_at","name":"built in: order still open","observed":"1576799999.837s left","verdict":"PASS"},{"check":"sender_custodian","explanation":"Only the sender''s custodian may accept.","inputs":{"side":"sender"},"limit":"sender or both","name":"built in: we are the sender''s custodian","observed":"sender","verdict":"PASS"},{"check":"kyc_status","explanation":"The sender''s KYC has a good status and stays valid long enough.","inputs":{"kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_status":"KYC_VERIFIED"},"limit":"KYC_VERIFIED, valid for over 0s","name":"snapshot says verified","observed":"KYC_VERIFIED, 364 days left","verdict":"PASS"},{"check":"four_eyes_above","explanation":"Above the limit two different people have to approve.","inputs":{"currency":"USDCx","target_amount":"60000"},"limit":"50000 USDCx","name":"two people above fifty thousand","observed":"60000","verdict":"REFER"},{"check":"exposure_at_most","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit.","inputs":{"currency":"USDCx","exposure of target USDCx per venue tokyo":"0","target_amount":"60000","venue":"tokyo"},"limit":"200000 USDCx per venue","name":"under way at all","observed":"60000","verdict":"PASS"}],"venue":"tokyo","verdict":"REFER"}', 'b5dc74a0b0e74ea4fa2619e93ca3ceab85585ea5b326c169ea7497243d255ea2', 2, '2027-12-01 21:58:15.723401+00', '{"decision_id":"d6c84634b201ffbf6808606f9e4bcd59","request_id":"fb9b1c4914d547683211f18906919906","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:15.636622Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.474000Z"},"limit":"before decide_by","observed":"1576799997.837s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.474Z"},"limit":"before expires_at","observed":"1576799999.837s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"9a788efc00722db23bbd94867bebffea7fcd6ee30d069d3bb1f741789e19bfdb","approvers_needed":2}', 'd6c84634b201ffbf6808606f9e4bcd59', 'pending', '2026-11-30 21:58:15.723401+00', NULL, NULL),
	('378412bb4d2f98fe1d6b235803447c4f', 'ec810f883615c6a2b759da1cfc47796b', 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', NULL, 'ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1', '{"approvers_needed":2,"compliance":{"beneficiary_vasp_code":"KR-VASP-0001","jurisdiction_receiver":"JP","jurisdiction_sender":"KR","kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_provider":"Persona","kyc_status":"KYC_VERIFIED","originating_vasp_code":"JP-VASP-0001","pep_checked_at":"2026-10-31T00:00:00.000Z","pep_status":"NOT_PEP","purpose_code":"GDDS","risk_rating":"LOW","sanctions_freshness_window":"24h","sanctions_list_version":"OFAC-2026-11-29","sanctions_provider":"Chainalysis","sanctions_status":"SANCTIONS_CLEARED"},"context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1","counters":{"exposure of target USDCx per venue tokyo":"0"},"decide_by":"2076-11-17T21:58:13.480000Z","decided_at":"2026-11-30T21:58:15.720246Z","decided_by":"risk","decision_id":"378412bb4d2f98fe1d6b235803447c4f","expires_at":"2027-12-01T21:58:15.788973Z","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","order":{"created_at":"2026-11-30T21:58:15.480Z","expires_at":"2076-11-17T21:58:15.480Z","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","jurisdiction_receiver":"JP","jurisdiction_sender":"KR","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","receiver_party_id":"InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","sender_party_id":"InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa","side":"sender","source_currency":"JPYSC0","target_amount":"60000","target_currency":"USDCx","venue":"tokyo"},"policy":{"name":"before","sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308","version":1},"question":"accept_proposal","quotes":[],"rates":[],"request_id":"ec810f883615c6a2b759da1cfc47796b","requested_at":"2026-11-30T21:58:15.600524Z","round":1,"rules":[{"check":"question_whole","explanation":"The question holds what it was asked about.","inputs":{"context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1","target_amount":"60000"},"name":"built in: the question is whole","verdict":"PASS"},{"check":"in_time","explanation":"An accept would still have an effect.","inputs":{"decide_by":"2076-11-17T21:58:13.480000Z"},"limit":"before decide_by","name":"built in: asked in time","observed":"1576799997.759s left","verdict":"PASS"},{"check":"order_open","explanation":"The order has not ended or expired.","inputs":{"expires_at":"2076-11-17T21:58:15.480Z"},"limit":"before expires_at","name":"built in: order still open","observed":"1576799999.759s left","verdict":"PASS"},{"check":"sender_custodian","explanation":"Only the sender''s custodian may accept.","inputs":{"side":"sender"},"limit":"sender or both","name":"built in: we are the sender''s custodian","observed":"sender","verdict":"PASS"},{"check":"kyc_status","explanation":"The sender''s KYC has a good status and stays valid long enough.","inputs":{"kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_status":"KYC_VERIFIED"},"limit":"KYC_VERIFIED, valid for over 0s","name":"snapshot says verified","observed":"KYC_VERIFIED, 364 days left","verdict":"PASS"},{"check":"four_eyes_above","explanation":"Above the limit two different people have to approve.","inputs":{"currency":"USDCx","target_amount":"60000"},"limit":"50000 USDCx","name":"two people above fifty thousand","observed":"60000","verdict":"REFER"},{"check":"exposure_at_most","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit.","inputs":{"currency":"USDCx","exposure of target USDCx per venue tokyo":"0","target_amount":"60000","venue":"tokyo"},"limit":"200000 USDCx per venue","name":"under way at all","observed":"60000","verdict":"PASS"}],"venue":"tokyo","verdict":"REFER"}', '086f8cb360ffad64ae99008f75c1cc8342a45c19f8788ab28a4fdaa22a2658e9', 2, '2027-12-01 21:58:15.788973+00', '{"decision_id":"378412bb4d2f98fe1d6b235803447c4f","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T21:58:15.720246Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T21:58:13.480000Z"},"limit":"before decide_by","observed":"1576799997.759s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T21:58:15.480Z"},"limit":"before expires_at","observed":"1576799999.759s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"ac15d4d498d8da1b2e27b4337f29b5ea617a057affe510c5e7df813804ac5bb1","approvers_needed":2}', '378412bb4d2f98fe1d6b235803447c4f', 'approved', '2026-11-30 21:58:15.788973+00', '2026-11-30 21:58:25.081652+00', '0fee4eb42a4b1bfdc258472edf3733e9');
SELECT pg_catalog.setval('archive.topics_topic_no_seq', 14, true);
SELECT pg_catalog.setval('commands.halts_halt_id_seq', 1, true);
SELECT pg_catalog.setval('custodian.outbox_number_seq', 8, true);
SELECT pg_catalog.setval('custodian.readings_number_seq', 106, true);
SELECT pg_catalog.setval('ledger.accounts_account_id_seq', 6, true);
SELECT pg_catalog.setval('risk.answers_number_seq', 11, true);
SELECT pg_catalog.setval('risk.questions_number_seq', 10, true);
ALTER TABLE ONLY archive.leaves
    ADD CONSTRAINT leaves_pkey PRIMARY KEY (index);
ALTER TABLE ONLY archive.leaves
    ADD CONSTRAINT leaves_topic_no_partition_offset_key UNIQUE (topic_no, partition, "offset");
ALTER TABLE ONLY archive.passed
    ADD CONSTRAINT passed_pkey PRIMARY KEY (topic_no, partition, "offset");
ALTER TABLE ONLY archive.records
    ADD CONSTRAINT records_pkey PRIMARY KEY (topic_no, partition, "offset");
ALTER TABLE ONLY archive.topics
    ADD CONSTRAINT topics_pkey PRIMARY KEY (topic_no);
ALTER TABLE ONLY archive.topics
    ADD CONSTRAINT topics_topic_key UNIQUE (topic);
ALTER TABLE ONLY commands.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (command_id, number);
ALTER TABLE ONLY commands.halts
    ADD CONSTRAINT halts_pkey PRIMARY KEY (halt_id);
ALTER TABLE ONLY commands.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (command_id);
ALTER TABLE ONLY custodian.acts
    ADD CONSTRAINT acts_pkey PRIMARY KEY (act_id);
ALTER TABLE ONLY custodian.closed_letters
    ADD CONSTRAINT closed_letters_pkey PRIMARY KEY (dead_letter_id);
ALTER TABLE ONLY custodian.ingest_cursors
    ADD CONSTRAINT ingest_cursors_pkey PRIMARY KEY (venue);
ALTER TABLE ONLY custodian.ingest_evidence
    ADD CONSTRAINT ingest_evidence_pkey PRIMARY KEY (venue, intent_id);
ALTER TABLE ONLY custodian.ingest_facts
    ADD CONSTRAINT ingest_facts_pkey PRIMARY KEY (venue, intent_id, ce_id);
ALTER TABLE ONLY custodian.ingest_open
    ADD CONSTRAINT ingest_open_pkey PRIMARY KEY (venue, intent_id);
ALTER TABLE ONLY custodian.ingest_unfinished
    ADD CONSTRAINT ingest_unfinished_pkey PRIMARY KEY (venue, intent_id);
ALTER TABLE ONLY custodian.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (name);
ALTER TABLE ONLY custodian.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY custodian.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (ce_id);
ALTER TABLE ONLY custodian.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (consumer, topic, partition);
ALTER TABLE ONLY custodian.readings
    ADD CONSTRAINT readings_pkey PRIMARY KEY (processor, partition, number);
ALTER TABLE ONLY custodian.request_budgets
    ADD CONSTRAINT request_budgets_pkey PRIMARY KEY (venue);
ALTER TABLE ONLY custodian.requeued
    ADD CONSTRAINT requeued_pkey PRIMARY KEY (dead_letter_id);
ALTER TABLE ONLY custodian.requeues
    ADD CONSTRAINT requeues_pkey PRIMARY KEY (dead_letter_id, number);
ALTER TABLE ONLY custodian.resolutions
    ADD CONSTRAINT resolutions_pkey PRIMARY KEY (act_id);
ALTER TABLE ONLY custodian.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (instance);
ALTER TABLE ONLY custodian.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (consumer, topic, partition, "offset");
ALTER TABLE ONLY custodian.states
    ADD CONSTRAINT states_pkey PRIMARY KEY (processor, key);
ALTER TABLE ONLY custodian.suspects
    ADD CONSTRAINT suspects_pkey PRIMARY KEY (consumer, topic, partition, key);
ALTER TABLE ONLY custodian.venue_parties
    ADD CONSTRAINT venue_parties_pkey PRIMARY KEY (venue);
ALTER TABLE ONLY custodian.venues
    ADD CONSTRAINT venues_pkey PRIMARY KEY (venue);
ALTER TABLE ONLY ledger.accounts
    ADD CONSTRAINT accounts_account_scale_key UNIQUE (account, scale);
ALTER TABLE ONLY ledger.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY ledger.balances
    ADD CONSTRAINT balances_pkey PRIMARY KEY (account_id, stripe);
ALTER TABLE ONLY ledger.breaks
    ADD CONSTRAINT breaks_pkey PRIMARY KEY (break_id);
ALTER TABLE ONLY ledger.currencies
    ADD CONSTRAINT currencies_pkey PRIMARY KEY (currency, scale);
ALTER TABLE ONLY ledger.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (entry_id);
ALTER TABLE ONLY ledger.postings
    ADD CONSTRAINT postings_pkey PRIMARY KEY (entry_id, posting_no);
ALTER TABLE ONLY risk.answers
    ADD CONSTRAINT answers_pkey PRIMARY KEY (decision_id);
ALTER TABLE ONLY risk.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (decision_id, person);
ALTER TABLE ONLY risk.decisions
    ADD CONSTRAINT decisions_decision_id_key UNIQUE (decision_id);
ALTER TABLE ONLY risk.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (request_id, context_sha256);
ALTER TABLE ONLY risk.ended
    ADD CONSTRAINT ended_pkey PRIMARY KEY (venue, intent_id);
ALTER TABLE ONLY risk.exposures
    ADD CONSTRAINT exposures_pkey PRIMARY KEY (venue, intent_id);
ALTER TABLE ONLY risk.questions
    ADD CONSTRAINT questions_pkey PRIMARY KEY (request_id, context_sha256);
ALTER TABLE ONLY risk.referrals
    ADD CONSTRAINT referrals_pkey PRIMARY KEY (decision_id);
CREATE INDEX notices ON archive.records USING btree (ce_type, ce_id) WHERE (ce_type = ANY (ARRAY['custody.alarm-raised.v1'::text, 'custody.dead-letter.v1'::text]));
CREATE INDEX records_by_subject ON archive.records USING btree (subject);
CREATE INDEX journal_due ON commands.journal USING btree (next_at) WHERE (state = ANY (ARRAY['journalled'::text, 'sent'::text]));
CREATE INDEX journal_intent ON commands.journal USING btree (venue, intent_id, kind, issued_at);
CREATE INDEX journal_unpublished ON commands.journal USING btree (completed_at) WHERE ((completed_at IS NOT NULL) AND (published_at IS NULL));
CREATE UNIQUE INDEX one_halt_per_scope ON commands.halts USING btree (COALESCE(venue, ''::text), COALESCE(pair, ''::text)) WHERE (resumed_at IS NULL);
CREATE UNIQUE INDEX one_open_command ON commands.journal USING btree (venue, intent_id, kind) WHERE open;
CREATE INDEX acts_by_intent ON custodian.acts USING btree (intent_id);
CREATE INDEX ingest_facts_recorded ON custodian.ingest_facts USING btree (venue, recorded_at DESC);
CREATE UNIQUE INDEX one_acknowledgement ON custodian.acts USING btree (subject) WHERE (action = 'acknowledge'::text);
CREATE UNIQUE INDEX one_standing_resolution ON custodian.resolutions USING btree (break_id) WHERE (ended_at IS NULL);
CREATE INDEX outbox_waiting ON custodian.outbox USING btree (number) WHERE (published_at IS NULL);
CREATE INDEX requeues_by_story ON custodian.requeues USING btree (first_id);
CREATE INDEX set_aside_by_time ON custodian.set_aside USING btree (consumer, at);
CREATE INDEX states_due ON custodian.states USING btree (processor, partition, wake_at) WHERE (wake_at IS NOT NULL);
COMMENT ON INDEX custodian.states_due IS 'Costs the workflow four in ten of the updates that could stay on their page, which is 4 % of its WAL; the alternative is a scan.';
CREATE UNIQUE INDEX entry_is_reversed_once ON ledger.entries USING btree (reverses) WHERE (reverses IS NOT NULL);
CREATE UNIQUE INDEX settlement_is_booked_once_per_venue ON ledger.entries USING btree (intent_id, transaction_hash, venue) WHERE (kind = 'settlement'::text);
CREATE INDEX answers_by_intent ON risk.answers USING btree (intent_id, number);
CREATE INDEX answers_by_question ON risk.answers USING btree (request_id, context_sha256, number);
CREATE INDEX answers_by_time ON risk.answers USING btree (kept_at, number);
CREATE INDEX decisions_by_intent ON risk.decisions USING btree (venue, intent_id);
CREATE INDEX exposures_alike ON risk.exposures USING btree (venue, sender_party_id, receiver_party_id, asked_at);
CREATE INDEX exposures_by_receiver ON risk.exposures USING btree (venue, receiver_party_id, reserved_at) WHERE (state = ANY (ARRAY['reserved'::text, 'settled'::text]));
CREATE INDEX exposures_by_sender ON risk.exposures USING btree (venue, sender_party_id, reserved_at) WHERE (state = ANY (ARRAY['reserved'::text, 'settled'::text]));
CREATE INDEX exposures_by_time ON risk.exposures USING btree (venue, reserved_at) WHERE (state = ANY (ARRAY['reserved'::text, 'settled'::text]));
CREATE INDEX exposures_open ON risk.exposures USING btree (venue) WHERE (state = 'reserved'::text);
CREATE INDEX questions_by_intent ON risk.questions USING btree (intent_id, venue, question, round, number);
CREATE INDEX referrals_by_answer ON risk.referrals USING btree (answer_id) WHERE (answer_id IS NOT NULL);
CREATE INDEX referrals_by_intent ON risk.referrals USING btree (intent_id, venue, question);
CREATE INDEX referrals_by_shown ON risk.referrals USING btree (shown_sha256);
CREATE INDEX referrals_pending ON risk.referrals USING btree (expires_at) WHERE (state = 'pending'::text);
CREATE TRIGGER leaves_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON archive.leaves FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
CREATE TRIGGER passed_is_final BEFORE DELETE OR UPDATE OR TRUNCATE ON archive.passed FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
CREATE TRIGGER records_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON archive.records FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
CREATE TRIGGER topics_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON archive.topics FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change();
CREATE TRIGGER acts_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON custodian.acts FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change();
CREATE TRIGGER accounts_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.accounts FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER balances_are_not_emptied BEFORE TRUNCATE ON ledger.balances FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER balances_follow_postings BEFORE INSERT OR DELETE OR UPDATE ON ledger.balances FOR EACH STATEMENT WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER entries_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.entries FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE CONSTRAINT TRIGGER entry_is_whole AFTER INSERT ON ledger.entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.entry_is_whole();
CREATE TRIGGER postings_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.postings FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER postings_balance AFTER INSERT ON ledger.postings REFERENCING NEW TABLE AS new_postings FOR EACH STATEMENT EXECUTE FUNCTION ledger.post();
CREATE TRIGGER scales_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.currencies FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER answers_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON risk.answers FOR EACH STATEMENT EXECUTE FUNCTION risk.refuse_change();
CREATE TRIGGER questions_are_final BEFORE DELETE OR UPDATE OR TRUNCATE ON risk.questions FOR EACH STATEMENT EXECUTE FUNCTION risk.refuse_change();
ALTER TABLE ONLY commands.attempts
    ADD CONSTRAINT attempts_command_id_fkey FOREIGN KEY (command_id) REFERENCES commands.journal(command_id);
ALTER TABLE ONLY custodian.resolutions
    ADD CONSTRAINT resolutions_act_id_fkey FOREIGN KEY (act_id) REFERENCES custodian.acts(act_id);
ALTER TABLE ONLY ledger.accounts
    ADD CONSTRAINT accounts_currency_scale_fkey FOREIGN KEY (currency, scale) REFERENCES ledger.currencies(currency, scale);
ALTER TABLE ONLY ledger.balances
    ADD CONSTRAINT balances_account_id_fkey FOREIGN KEY (account_id) REFERENCES ledger.accounts(account_id);
ALTER TABLE ONLY ledger.entries
    ADD CONSTRAINT entries_reverses_fkey FOREIGN KEY (reverses) REFERENCES ledger.entries(entry_id);
ALTER TABLE ONLY risk.approvals
    ADD CONSTRAINT approvals_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES risk.referrals(decision_id);
GRANT USAGE ON SCHEMA accounting TO accounting_reader;
GRANT USAGE ON SCHEMA compliance TO compliance_reader;
GRANT SELECT ON TABLE accounting.acts TO accounting_reader;
REVOKE ALL ON TABLE ledger.accounts FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE ledger.accounts TO CURRENT_USER;
GRANT UPDATE(role) ON TABLE ledger.accounts TO CURRENT_USER;
REVOKE ALL ON TABLE ledger.balances FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN,UPDATE ON TABLE ledger.balances TO CURRENT_USER;
REVOKE ALL ON TABLE ledger.currencies FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE ledger.currencies TO CURRENT_USER;
GRANT UPDATE(created_at) ON TABLE ledger.currencies TO CURRENT_USER;
GRANT SELECT ON TABLE accounting.balances TO accounting_reader;
GRANT SELECT ON TABLE accounting.breaks TO accounting_reader;
REVOKE ALL ON TABLE ledger.entries FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE ledger.entries TO CURRENT_USER;
GRANT UPDATE(kind) ON TABLE ledger.entries TO CURRENT_USER;
REVOKE ALL ON TABLE ledger.postings FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE ledger.postings TO CURRENT_USER;
GRANT SELECT ON TABLE accounting.journal TO accounting_reader;
GRANT SELECT ON TABLE accounting.postings TO accounting_reader;
REVOKE ALL ON TABLE archive.leaves FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE archive.leaves TO CURRENT_USER;
REVOKE ALL ON TABLE archive.passed FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE archive.passed TO CURRENT_USER;
REVOKE ALL ON TABLE archive.records FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE archive.records TO CURRENT_USER;
REVOKE ALL ON TABLE archive.topics FROM CURRENT_USER;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE archive.topics TO CURRENT_USER;
GRANT SELECT ON TABLE compliance.acts TO compliance_reader;
GRANT SELECT ON TABLE compliance.decisions TO compliance_reader;
GRANT SELECT ON TABLE compliance.passed TO compliance_reader;
GRANT SELECT ON TABLE compliance.records TO compliance_reader;
