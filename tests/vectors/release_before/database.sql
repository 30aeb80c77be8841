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
	(0, 2, 1, 0, '\304\013\037o~\303\233\271_\263\275\235|\214\300\347\0068\201\374\376\021\223\233ZH$Y\260v!\233', '2026-11-30 22:30:04.44437+00'),
	(1, 2, 2, 0, '\007$\310\302t(X\213\031YK\212\204d]l\204\251>7\013D\233\312=\345~\355B\231\320t', '2026-11-30 22:30:04.44437+00'),
	(2, 2, 2, 1, '\336\257\201s\311\356\306\250\250\021\207\023''\222\247\007\263+{\227\325R\235\357\010\026\364V1K\350\311', '2026-11-30 22:30:04.44437+00'),
	(3, 1, 2, 0, '\261\307\253\232 \316\246|\306\266\\\332\274\266\301A\261sf\227\030AVD\322\346U\357\275z\010\362', '2026-11-30 22:30:04.44437+00'),
	(4, 2, 1, 1, '\023\225V\006\345\221R*\336\335\303\313\013f\326|\313\345\350\023Q~\300\353\376\347z1\271\0354\277', '2026-11-30 22:30:04.44437+00'),
	(5, 2, 2, 2, '\013\354\353$\255{Z<\\\027\205\367\366tW\032\327\255\245w\034\2230\301\364\036\254`*k\003\242', '2026-11-30 22:30:04.44437+00'),
	(6, 2, 2, 3, '\200v\310\303.vL\3046\225\235\324s7\372\031\257\314X\242Y\370\272\017`\274\373@\224\223K9', '2026-11-30 22:30:04.44437+00'),
	(7, 3, 1, 0, 'D\267\027\313\320.J\264\305\212\215b\221<\222@O\270W\366\340"\221\3039\\\004\2619A\247\015', '2026-11-30 22:30:06.51416+00'),
	(8, 3, 2, 0, 'A/\340\375+\313\006\336\301\316\033\347_Y\340\362\271r\012\344\307\205J\321WOlzYAi3', '2026-11-30 22:30:06.51416+00'),
	(9, 4, 2, 0, '\0356)\332t\006\276\340^\323:Z\267\2448\223\314\373F,\226\032\335{\350\351\207\374i]\370#', '2026-11-30 22:30:06.51416+00'),
	(10, 6, 2, 0, '\021\313\210\022\200\252\217\222\254\031`B"\250\307\343\201Sl{\377e\367\275\360\2532\250\200B''{', '2026-11-30 22:30:07.020529+00'),
	(11, 5, 2, 0, '\203\273\357\273\\\004\361$\025i\370\321\3067W)\315\203\023\364\343\247\020\024V\317d\351\210\2251\017', '2026-11-30 22:30:07.020529+00'),
	(12, 7, 2, 0, '\245\246\360\2214\375\241\323&&+\204\207oQwpT\221Q[q\331\376\242\222]\235\314wp\261', '2026-11-30 22:30:07.526957+00'),
	(13, 8, 2, 0, '\231\310T\323Q\222\314\320\012\005`m\206Ij\216\345W\006}4\312\242{-,\020\236B\223\306\274', '2026-11-30 22:30:08.04767+00'),
	(14, 8, 2, 1, '=]\022\356G\317\350\337\363\010O\014\215u^\275{\236\231|\026\346\376\253K\373\244\2233\274h\377', '2026-11-30 22:30:08.563147+00'),
	(15, 4, 2, 1, '\201\347E\216\015\\=B``F\275\201\377e\200\364\225:\245\026\221L\234\221[\031\272!\335^\215', '2026-11-30 22:30:08.563147+00'),
	(16, 6, 2, 1, 'XPn\374\240\276\367\227\274\317/3\350\256\271\333%\025+4\252\256\311\350\345\035\202\317\346\355@\222', '2026-11-30 22:30:08.563147+00'),
	(17, 5, 2, 1, '\245\322\035D\376\362BU\007\223\335d?T\343\303\273z\232b\0224#\234\360\033\265@\245\214-:', '2026-11-30 22:30:09.071184+00'),
	(18, 7, 2, 1, '\212@\260z\020`\247\011\031r\360\004\343\347\304\305\250\211''\352\374~\353|\027 \211\336`\034V\337', '2026-11-30 22:30:09.071184+00'),
	(19, 2, 2, 4, '\303\344D \376NM\235]\264m%O\243\3276{\355\321\212JY\343GC+\255Ms&vw', '2026-11-30 22:30:09.071184+00'),
	(20, 2, 2, 5, '\004\246\307\203\021\007\245\322J#oa"\242\266\333 zS\272\335N\201\306Z\240*V\327\363\213Z', '2026-11-30 22:30:09.071184+00'),
	(21, 2, 2, 6, '\2406\013n\232\263;\353\222\224*\270\310p5\214mJ\027\022\244DN\233\227\247X\014x\224\357.', '2026-11-30 22:30:09.071184+00'),
	(22, 2, 2, 7, '^\373\015\265\312V\330s\330#q\326\335\254A5\313X\3717\366\007\230>\334p\010\361\335(\301B', '2026-11-30 22:30:09.071184+00'),
	(23, 2, 2, 8, 'aY\015Uc\021m\310S\310\335gqI\323\211\316\034\264\0041;\277\034\200\371\026\367\264\311\325\023', '2026-11-30 22:30:09.071184+00'),
	(24, 2, 2, 9, '$\235\347\214\265\326r\254\253\204\227\222\015\034!\002\324\177i\030\224R\302<\370\346\000\274\241x\247\246', '2026-11-30 22:30:09.579509+00'),
	(25, 3, 2, 1, '\205\375\342\024\037\020\265\243\225\016\212\177z\240\362\376$\200L\342>kKH\225\037\037W\345\330\\\276', '2026-11-30 22:30:09.579509+00'),
	(26, 2, 0, 0, '\246\271\363\211vd1\231\320H_\2450]F\243\310\244\3611\024\263\274}\251\334{\373\036B\227[', '2026-11-30 22:30:09.579509+00'),
	(27, 2, 0, 1, '\361\320\2513\364\021\035\037\231\344N\003\002\316\226i\017\270\273/K$\310\346\300c\376x.\017\034\277', '2026-11-30 22:30:09.579509+00'),
	(28, 1, 0, 0, 'u\275B]\342\356\250\0269}V\353\345rx\011r\357\315\005\032\343/\213$\031Fi\252\027\232w', '2026-11-30 22:30:09.579509+00'),
	(29, 4, 0, 0, 'C\220\344\374\375#\233\331\356\370\001\240,P\203 \350\223H\370e\202"\333\363\311\002\321\027Fv\322', '2026-11-30 22:30:09.579509+00'),
	(30, 6, 0, 0, '\314\020\256\333\216\241\351oX\331\301n\325#PR;\322\347~\230\306\242\327\206\257\210C\253\237\253\033', '2026-11-30 22:30:09.579509+00'),
	(31, 9, 0, 0, '\371}\352\260;.\2628z\006-\300Qj4\243\010<\272\366\031;\330u\301\245|{$\302Y\277', '2026-11-30 22:30:12.110763+00'),
	(32, 9, 0, 1, '\374\004-L}N(R\222\202\306JJ\321\276)\214\361\237\366\371\253\353\273\012\256\321Q\273\207\345\031', '2026-11-30 22:30:13.659967+00'),
	(33, 6, 0, 1, 'rH\210\024\217.HJ''\001\233#\034Et\005\015\233* WS\215E/W\212\205\202%\217\226', '2026-11-30 22:30:13.659967+00'),
	(34, 5, 0, 0, '\326\201\331\000\331&\263\372\246\007{_\230\341*\242\022Y\024\263?\364\363\250M\267{\201\267\271\233\246', '2026-11-30 22:30:13.659967+00'),
	(35, 7, 0, 0, '\226\312\254\307\015C\2316\260\222Ey\027\227\233I5DV\373\016%\217\026|\340\003E\277E\222\014', '2026-11-30 22:30:13.659967+00'),
	(36, 8, 0, 0, '\335AX\006\204\206F\250\272^R\322\317\3045)-\271*D\354\255\207\005\\\377fN8\206\232U', '2026-11-30 22:30:14.162377+00'),
	(37, 8, 0, 1, '\3121i\306\0060\037Hd\364\216r\030\307\357\352\001+|\007,\333\207F\374\220\002\374\333\210\362?', '2026-11-30 22:30:14.668473+00'),
	(38, 4, 0, 1, '\202\277\363\376n#\372*\352\245\012I\246 \340\260\210m\257\021\341\034!a\2034]\217`H\305\371', '2026-11-30 22:30:14.668473+00'),
	(39, 6, 0, 2, 'c\032fS\037\3117\212\206r\272x\010\275\340\316\363\265Bc\352s\301`+\351\013\224m\003\242n', '2026-11-30 22:30:14.668473+00'),
	(40, 5, 0, 1, 'eh\207V\277\307C\236i\210\354=w\362\351X\021Hb3!\344L\240PQC\365\306=\201\034', '2026-11-30 22:30:14.668473+00'),
	(41, 2, 0, 2, '\253w\013b\022\240\320\021*\223\025\027?\026YG\317%\271\350\267\345m-u\266\016\026\367\350\0235', '2026-11-30 22:30:14.668473+00'),
	(42, 7, 0, 1, '\247\205)s\241\016\271q\023\272\205\251}\254E{\022T\210\277\257\304\317O\223a_\324\342}\304\276', '2026-11-30 22:30:14.668473+00'),
	(43, 2, 0, 3, '\337\247\334!V\037~W\271\010\377@\363<\012<~\015\035\325\222\002\274\2478\204\010\222{\024\241c', '2026-11-30 22:30:14.668473+00'),
	(44, 2, 0, 4, 'ep\375(\265G\234\266\217?\301\231?$\023\354\001\350\350NX\305^\251~\024~\2033W\240\033', '2026-11-30 22:30:14.668473+00'),
	(45, 2, 0, 5, '\337\330\034Py\251\374Y~\345v\2423\365\352,:`\340\004}tN.\036\356\027\275\271\204\030%', '2026-11-30 22:30:15.171484+00'),
	(46, 2, 0, 6, '\014\262\343\331\217\217R2h8\263\374\273`\025\2753S\261\010\034\323K}N\332\177\252\023\223s\271', '2026-11-30 22:30:15.171484+00'),
	(47, 3, 0, 0, 'Y\346\240x\275Qs\230\224\322U\007\320\243<\366\211%Gy\263\233{\211A\246\342E\\5\332B', '2026-11-30 22:30:15.171484+00'),
	(48, 2, 1, 2, '\300[\303\210R\331\331\201\374M\200\356\236\016\213\362\361\007S\367>ZZ\023U\021|\203\366\341\027\207', '2026-11-30 22:30:15.685726+00'),
	(49, 2, 2, 10, '\330k\346\270\223"\236t\007\264\244\235\034w\0312\234\\\256J\342\025\377d\023\353\006Ye\333x\360', '2026-11-30 22:30:15.685726+00'),
	(50, 2, 1, 3, 'q4`\207l%\261\256\315l\317v\242B\253\223N9\026\363\224\232\301y\225\350(|\276M\320Q', '2026-11-30 22:30:15.685726+00'),
	(51, 2, 2, 11, 'X\266\012\201\003\263\022\307\337\2157\017\253\344\301{\361k\375/\003\376\316\265(8\311\253\332:J\360', '2026-11-30 22:30:15.685726+00'),
	(52, 1, 1, 0, '\230-e\323\343\200\310b?4)\375\375\375\374\335V\237\351\303WN[\017\324\372\261\005\177\333\326\345', '2026-11-30 22:30:15.685726+00'),
	(53, 1, 2, 1, '_~\341\022\000\236\364\247W\371\323\305"7\024`\304\2369\351\026\023C+\373\224:\345+(\2558', '2026-11-30 22:30:15.685726+00'),
	(54, 4, 1, 0, 'b|@U\013\255\237''\355\\\355\353\356\355\263\325\270\020P\3009\254\312ki\001\362UE\370\252\354', '2026-11-30 22:30:15.685726+00'),
	(55, 4, 2, 2, '/\376\322wJ\265\001"\343\230\250&\316\373\343c\332\353u\343\3706\243\207k\375N\177\242\037\345\302', '2026-11-30 22:30:15.685726+00'),
	(56, 6, 1, 0, 'T\234m\213\020\017\037\034\347\351s\364\240\200\015\264H\005\357?\267\352gy\014\256\323vi\304\303<', '2026-11-30 22:30:15.685726+00'),
	(57, 6, 2, 2, '\036\032=\364,\306\2509\367\221\255.@Zpl\213\005\212\300\213Pm\004\332t\011\277$\340I\012', '2026-11-30 22:30:15.685726+00'),
	(58, 9, 1, 0, '\275\013B\2051Fu\256\003\352\246\030AZU\312\322\344\024\236}5]\353_^\034\026Aw\203\020', '2026-11-30 22:30:21.507187+00'),
	(59, 9, 2, 0, '}\357\256\275\0240\271\025\030.J\200\253Ng,u\005\273Wy(Q\217m\217\031\224\006\350=c', '2026-11-30 22:30:25.706099+00'),
	(60, 2, 2, 12, 'V\332\346\334\315\017\263I6\001\247\277\301\324\273\203\337\020+\016\376\306\364\233\271\257\013k\332\363\336\242', '2026-11-30 22:30:26.728685+00'),
	(61, 11, 0, 0, '\323\016\344N\217u\234\177\201|\362X%\016v\304\0150\242\023QC\355\247kd \367m=\315g', '2026-11-30 22:30:26.728685+00'),
	(62, 10, 2, 0, '`\031y?)G\345G\333\014\244\347h\025\317x\337\327\177\014\0179(\252\336\250\254\030\335r\301\372', '2026-11-30 22:30:26.728685+00'),
	(63, 9, 2, 1, 'l\306\360\000+qg''E<\206\240"\012)\332\313\365*LV\260%\212&\013sF\013\270:\035', '2026-11-30 22:30:27.733853+00'),
	(64, 2, 2, 13, '\326\177JQ\265\307\324k\033\272\\\233\250\375\011[\366\375\253\335\274\005\267\373Z\337a\227\277\361\226r', '2026-11-30 22:30:27.733853+00'),
	(65, 2, 2, 14, '\326;\0157X\200\030R\364\265="\375\243BX\342g\232o\243\211v\3639\351''\212?\024\363D', '2026-11-30 22:30:27.733853+00'),
	(66, 1, 2, 2, '\355f\203\323\225s?\354\002p\201\301{\342\033\225ls\222c\010\033\250\234-\3167~=\342\331\226', '2026-11-30 22:30:27.733853+00'),
	(67, 4, 2, 3, '`A\3650c\002\201Q\237,\220\261\004u \275;\323G\241v\321\364+\201\200\2767_cS\214', '2026-11-30 22:30:27.733853+00'),
	(68, 6, 2, 3, '\213\034\270\251\226\232\332a\036\303\235\031\002\027\376\354d\343\3069T\262\274bb\035\374bb\315~\356', '2026-11-30 22:30:27.733853+00'),
	(69, 5, 2, 2, '3\302\336\306\273:\211_\365\205\243\355x\237\265U\347D^dO\202\375\331\316\307#\264]_\231\364', '2026-11-30 22:30:27.733853+00'),
	(70, 7, 2, 2, '\011j\21496i\340j\271L\241\2528\327n\303\326Z\355Sy \250\225\206lE\262\253\207\015\026', '2026-11-30 22:30:28.238951+00'),
	(71, 2, 0, 7, '?\027\365\005\220\215\241\345\346\0252\347\332\207\177I\207\311\331\016\005\350\001\212m\037\251\224\023\336\313*', '2026-11-30 22:30:28.238951+00'),
	(72, 2, 1, 4, '\270ry\371b\307\011v\\\334\350&\362D"y`\202\244\026\336I`9\204D\270\026/\246\264\215', '2026-11-30 22:30:28.238951+00'),
	(73, 2, 0, 8, '\025-\022TO\342\025\273\306\216\250\00408\364\224\370X\025\267\326-\243\030\011\214\013\351|\223\273@', '2026-11-30 22:30:28.238951+00'),
	(74, 2, 1, 5, '\334{Sv\200e\304\022\352\373\0277E\322W\013\247\005\370\266\340\307n-\340\276^\241\315\370\332\340', '2026-11-30 22:30:28.238951+00'),
	(75, 1, 0, 1, 'o\344\003\263\366\240\315#C\335\006\360\351\336Vw3\207\027X9\347\361\271\226:X\340x\005\257\313', '2026-11-30 22:30:28.238951+00'),
	(76, 1, 1, 1, '\030k\241\304\033\235\271\201\277\273$\266\002}\023\325\372\027Az6\350\004\346\205,w>\241\234X\225', '2026-11-30 22:30:28.238951+00'),
	(77, 4, 0, 2, '\024in\257\206\341?\364\253\375"vp\372;s\003v\343W\202\37698\2210.\027t\364\2155', '2026-11-30 22:30:28.238951+00'),
	(78, 4, 1, 1, '9\273\215\274\315f#\225\215\222E\370\026\331\275@L1\205\316\026\333\224\204.r?\320l\314\362\344', '2026-11-30 22:30:28.238951+00'),
	(79, 6, 0, 3, '\366~\027\221\216\306\312`\255\004\032\317{)\035\362\005[\334\302\013G`S`\037\262\270\352\341\3469', '2026-11-30 22:30:28.238951+00'),
	(80, 5, 0, 2, '\206\2725\347\244\371\207.\006\015Yz{\032w<fZZ\374\226=\2305\011\255\012L\000an\007', '2026-11-30 22:30:28.238951+00'),
	(81, 6, 1, 1, '\205v\027\032\235f\2746+\211\321\355`*\000\321\365\217\303\222\303\215B\246\235v\237pU\375k`', '2026-11-30 22:30:28.238951+00'),
	(82, 5, 1, 0, '\362X\242\027\355Aw\023\362\200y\374\324\253\334m\032e\220K\026\301\023\035\2371/q\307\253\025\303', '2026-11-30 22:30:28.238951+00'),
	(83, 8, 1, 0, 'r\320\370}\013\331\232\035t\263\034#f\265\266\257Et\361B\255\020^\371\337\337\227\323\333:Z\346', '2026-11-30 22:30:28.746105+00'),
	(84, 8, 1, 1, '\330\204V\203j\222\233''\344\261\272\335L\217\375\2737\216\342xK\276\344\274\034\343%\243\314Y\341\357', '2026-11-30 22:30:28.746105+00'),
	(85, 4, 2, 4, 'n\370\241\246\035\331O\305\252\005S\227\214"\177\203\027\252\346\356.\232h\364\277\232\246\367\251\364\350\024', '2026-11-30 22:30:29.80347+00'),
	(86, 6, 2, 4, '\220\331a\020\013a\003#R\014''\245\037\021\342\216H/\331\332\346\377\244\224w]iQ\212\366\253\373', '2026-11-30 22:30:29.80347+00'),
	(87, 5, 2, 3, '\345\300\302\336\036\002NO\361\333\337\017\374\000_\310\304\374z\324?\177\225\007k,\020\313?8U\201', '2026-11-30 22:30:29.80347+00'),
	(88, 2, 0, 9, '\323\304\207\261^R\334\204\331"3\014\274Rwc\033\203\320=\350\326\304s\274X\263\222\014\345\033\214', '2026-11-30 22:30:39.362727+00'),
	(89, 2, 1, 6, '\024\357Ho\241rsi{\262oI\021\237+\254\236s\234\307\354.\250^)\307\277\011U\017''0', '2026-11-30 22:30:39.362727+00'),
	(90, 1, 0, 2, '\003\017\320\311\240\332\014:\340\325\223Q\344\331\270\317\022\246Q\234\017q&\351\024\222\352@\344\007V\306', '2026-11-30 22:30:39.362727+00'),
	(91, 2, 0, 10, '\016nR\307\332)\004l\264^2\347\271C.R4\037M\361\021\366\275a\023\277\253''\030\022\373M', '2026-11-30 22:30:39.362727+00'),
	(92, 8, 1, 2, '\003p.>`\327\007\344\246X\370V}!=}\026n\030D}\010\226\022\355\324\034\313t\373\236k', '2026-11-30 22:30:39.362727+00'),
	(93, 4, 0, 3, '\332\232U\216q\005\200\363\177\317\273\231\374\313\205\2342b\324\377\232<\235pI\313 z\302\301)/', '2026-11-30 22:30:42.45385+00');
INSERT INTO archive.topics OVERRIDING SYSTEM VALUE VALUES
	(1, 'before.custody.compliance-read.v1'),
	(2, 'before.custody.order-updated.v1'),
	(3, 'before.custody.order-settled.v1'),
	(4, 'before.custody.decision-requested.v1'),
	(5, 'before.custody.command-issued.v1'),
	(6, 'before.custody.decision-made.v1'),
	(7, 'before.custody.command-completed.v1'),
	(8, 'before.custody.quote-received.v1'),
	(9, 'before.custody.operator-acted.v1'),
	(10, 'before.custody.alarm-raised.v1'),
	(11, 'before.custody.dead-letter.v1');
INSERT INTO commands.attempts VALUES
	('e8e4127d49b95c6601e3780c7b0c06c1', 1, '2026-11-30 22:30:07.125691+00', 'before-17490-commands', '{"read_at": "2026-11-30T22:30:07.124926Z", "order_sha256": "03af56706ae9366b8b502fc8887a6c8a795f8edfb4f3e7e07104fdef4eb56d29", "venue_time_from": "2026-11-30T22:30:07.053901Z", "venue_time_to": "2026-11-30T22:30:08.014917Z"}', 'done', NULL, 200, '2026-11-30 22:30:07.156683+00'),
	('9adb9d68f6dbe362e2f6dc2be265889f', 1, '2026-11-30 22:30:08.558774+00', 'before-17490-commands', '{"read_at": "2026-11-30T22:30:08.558308Z", "order_sha256": "03af56706ae9366b8b502fc8887a6c8a795f8edfb4f3e7e07104fdef4eb56d29", "quote_sha256": "fc3111c06c27eaa38af9c9338f22f4e44c47449ef46e0a2fe7cdbc16b15390f6", "venue_time_from": "2026-11-30T22:30:08.486984Z", "venue_time_to": "2026-11-30T22:30:09.020006Z"}', 'done', NULL, 200, '2026-11-30 22:30:08.588289+00'),
	('9f2a99547be232c0acc7728a482fc69f', 1, '2026-11-30 22:30:13.398942+00', 'before-17490-commands', '{"read_at": "2026-11-30T22:30:13.398558Z", "order_sha256": "1d0e33a34c577b39eea289c9f3445595f52f7f77fdef791a8cc579a9b578de96", "venue_time_from": "2026-11-30T22:30:13.327151Z", "venue_time_to": "2026-11-30T22:30:13.825685Z"}', 'done', NULL, 200, '2026-11-30 22:30:13.413603+00'),
	('ddde0a678ad0af41768eae964a710a2e', 1, '2026-11-30 22:30:14.431356+00', 'before-17490-commands', '{"read_at": "2026-11-30T22:30:14.430956Z", "order_sha256": "1d0e33a34c577b39eea289c9f3445595f52f7f77fdef791a8cc579a9b578de96", "quote_sha256": "6a2ccde93f65b3cdee664795bf7cd78e8812f8ecf999fa31c0d004f5913a77fc", "venue_time_from": "2026-11-30T22:30:14.276498Z", "venue_time_to": "2026-11-30T22:30:14.858099Z"}', 'done', NULL, 200, '2026-11-30 22:30:14.461895+00'),
	('2b5d8cf245067edce4fbea7c51a5abd7', 1, '2026-11-30 22:30:27.871529+00', 'before-17490-commands', '{"read_at": "2026-11-30T22:30:27.870618Z", "order_sha256": "adc214c500c8ad68ecce1b2836ff041263823528d042155a3d9818bd75b95fc8", "venue_time_from": "2026-11-30T22:30:27.473514Z", "venue_time_to": "2026-11-30T22:30:28.010239Z"}', NULL, NULL, NULL, NULL),
	('c3c0e0edcf3b5e158ec3b8b4ef3d0070', 1, '2026-11-30 22:30:27.900925+00', 'before-17490-commands', '{"read_at": "2026-11-30T22:30:27.899681Z", "order_sha256": "21b2d33bf45fef0e492de0caa1498e555e8ff233fff94b850b2a45dc29a263bc", "venue_time_from": "2026-11-30T22:30:27.502911Z", "venue_time_to": "2026-11-30T22:30:28.012757Z"}', NULL, NULL, NULL, NULL);
INSERT INTO commands.halts OVERRIDING SYSTEM VALUE VALUES
	(1, NULL, 'EURCx/USDCx', 'a question about this pair', 'Officer One', '2026-11-30 22:30:27.186953+00', NULL, NULL, NULL);
INSERT INTO commands.journal VALUES
	('9adb9d68f6dbe362e2f6dc2be265889f', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', '0040d885-edef-4b88-ad56-4387894ceb9f', '30318e3f60c3b020f3512852c3ef1761', false, '2076-11-17 22:30:04+00', 'JPYSC0', 'USDCx', 1000, NULL, 112.0, '2026-11-30 22:30:08.385597+00', '9adb9d68f6dbe362e2f6dc2be265889f', '2026-11-30 22:30:08.511838+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 22:30:08.558774+00', '2076-11-17 22:30:07.641+00', '2026-11-30 22:30:08.511838+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 22:30:08.558774+00', '2026-11-30 22:30:08.584744+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","status":"QUOTED","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","fx_rate":"112.0","source_amount_actual":"112000","created_at":"2026-11-30T22:30:04.000Z","expires_at":"2076-11-17T22:30:04.000Z","quote_submitted_at":"2026-11-30T22:30:07.641Z","quote_valid_until":"2076-11-17T22:30:07.641Z","quote_accepted_at":"2026-11-30T22:30:08.576Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","kyc_aml_ref":"e3a821d0-6cb8-4546-a73d-d0b9b81a29f3","intent_signature":"30450221002e61ea05c37848754b866c32f7ba1b7a7d3145247e154c265035497c84b8","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_d07edd9f","timestamp":"2026-11-30T22:30:08.577Z"}}', '2026-11-30 22:30:08.682316+00'),
	('e8e4127d49b95c6601e3780c7b0c06c1', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', NULL, 'df824a52c4b23dcc97921cb12bb5f6b5', false, '2076-11-17 22:30:02+00', 'JPYSC0', 'USDCx', 1000, NULL, NULL, '2026-11-30 22:30:06.589818+00', 'e8e4127d49b95c6601e3780c7b0c06c1', '2026-11-30 22:30:06.654519+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 22:30:07.125691+00', NULL, '2026-11-30 22:30:06.654519+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 22:30:07.125691+00', '2026-11-30 22:30:07.155053+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","status":"PENDING","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T22:30:04.000Z","expires_at":"2076-11-17T22:30:04.000Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","kyc_aml_ref":"e3a821d0-6cb8-4546-a73d-d0b9b81a29f3","intent_signature":"30450221002e61ea05c37848754b866c32f7ba1b7a7d3145247e154c265035497c84b8","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_cac7df91","timestamp":"2026-11-30T22:30:07.144Z"}}', '2026-11-30 22:30:07.217836+00'),
	('ddde0a678ad0af41768eae964a710a2e', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'e7fee533-1b07-4c16-886b-a937aa3de573', '73b01560a4557eeb3dfdb3d1ef3d3a80', false, '2076-11-17 22:30:09.148+00', 'JPYSC0', 'USDCx', 60000, NULL, 112.0, '2026-11-30 22:30:14.398326+00', 'ddde0a678ad0af41768eae964a710a2e', '2026-11-30 22:30:14.410578+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 22:30:14.431356+00', '2076-11-17 22:30:13.809+00', '2026-11-30 22:30:14.410578+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 22:30:14.431356+00', '2026-11-30 22:30:14.455176+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","status":"QUOTED","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","fx_rate":"112.0","source_amount_actual":"6720000","created_at":"2026-11-30T22:30:09.148Z","expires_at":"2076-11-17T22:30:09.148Z","quote_submitted_at":"2026-11-30T22:30:13.809Z","quote_valid_until":"2076-11-17T22:30:13.809Z","quote_accepted_at":"2026-11-30T22:30:14.449Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","kyc_aml_ref":"5b5ccfae-35c0-4664-9438-58a92b9087da","intent_signature":"3045022100e6119798544e615241af84b2717c1736409dc98094c3baf7431e8b5c156d","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_f38d9d8d","timestamp":"2026-11-30T22:30:14.450Z"}}', '2026-11-30 22:30:14.522757+00'),
	('9f2a99547be232c0acc7728a482fc69f', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, '69d95a4b6716cfb8bd7a941f08d7d723', false, '2076-11-17 22:30:07.148+00', 'JPYSC0', 'USDCx', 60000, NULL, NULL, '2026-11-30 22:30:13.354107+00', '9f2a99547be232c0acc7728a482fc69f', '2026-11-30 22:30:13.375677+00', 'succeeded', false, 1, 1, 0, 0, '2026-11-30 22:30:13.398942+00', NULL, '2026-11-30 22:30:13.375677+00', NULL, '1970-01-01 00:00:00+00', 1, '2026-11-30 22:30:13.398942+00', '2026-11-30 22:30:13.410691+00', 'the venue says so', 200, NULL, '{"data":{"intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","status":"PENDING","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T22:30:09.148Z","expires_at":"2076-11-17T22:30:09.148Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","kyc_aml_ref":"5b5ccfae-35c0-4664-9438-58a92b9087da","intent_signature":"3045022100e6119798544e615241af84b2717c1736409dc98094c3baf7431e8b5c156d","settlement_window_id":"w-1","x_routing":{"lane":3,"labels":["a","b"]}},"meta":{"request_id":"req_0cd709d1","timestamp":"2026-11-30T22:30:13.408Z"}}', '2026-11-30 22:30:13.421602+00'),
	('0f770f979cebaeb20a0b0a87a62422dc', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', NULL, '5f51d9b53e5c50a85a40206aeed4d6c6', false, '2076-11-17 22:30:25.394+00', 'EURCx', 'USDCx', 1000, NULL, NULL, '2026-11-30 22:30:27.547924+00', '0f770f979cebaeb20a0b0a87a62422dc', '2026-11-30 22:30:27.559607+00', 'refused', false, 0, 0, 0, 0, NULL, NULL, '2026-11-30 22:30:27.559607+00', NULL, '1970-01-01 00:00:00+00', 1, NULL, '2026-11-30 22:30:27.589146+00', 'halted: EURCx/USDCx, by Officer One: a question about this pair', NULL, NULL, NULL, '2026-11-30 22:30:27.61018+00'),
	('2b5d8cf245067edce4fbea7c51a5abd7', 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', NULL, '8f2346d3e157346b2d82843811ed2138', false, '2076-11-17 22:30:25.63+00', 'JPYSC0', 'USDCx', 1000, NULL, NULL, '2026-11-30 22:30:27.794612+00', '2b5d8cf245067edce4fbea7c51a5abd7', '2026-11-30 22:30:27.845989+00', 'sent', true, 1, 1, 0, 0, '2026-11-30 22:30:27.871529+00', NULL, '2026-11-30 22:30:27.845989+00', 'before-17490-commands', '2026-11-30 22:30:52.886461+00', 1, '2026-11-30 22:30:27.871529+00', NULL, NULL, NULL, NULL, NULL, NULL),
	('c3c0e0edcf3b5e158ec3b8b4ef3d0070', 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', NULL, 'e6c63f0822a28e3d9de0d2b3dd611433', false, '2076-11-17 22:30:25.63+00', 'JPYSC0', 'USDCx', 1000, NULL, NULL, '2026-11-30 22:30:27.843008+00', 'c3c0e0edcf3b5e158ec3b8b4ef3d0070', '2026-11-30 22:30:27.883089+00', 'sent', true, 1, 1, 0, 0, '2026-11-30 22:30:27.900925+00', NULL, '2026-11-30 22:30:27.883089+00', 'before-17490-commands', '2026-11-30 22:30:52.911008+00', 1, '2026-11-30 22:30:27.900925+00', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO custodian.ingest_cursors VALUES
	('tokyo', 2, NULL, '2026-11-30 22:30:14.903+00', '2026-11-30 22:30:38.701+00', NULL, '2026-11-30 22:30:41.795974+00', '2026-11-30 22:30:42.956279+00', NULL, 1, '2026-11-30 22:30:41.590898+00', '2026-11-30 22:30:41.631156+00');
INSERT INTO custodian.ingest_evidence VALUES
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'EURCx', 'USDCx', 'read', '{}'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'JPYSC0', 'USDCx', 'read', '{}'),
	('tokyo', 'db2b37d8-610c-4de4-831b-f6726aa7437f', 'JPYSC0', 'USDCx', 'read', '{}');
INSERT INTO custodian.ingest_facts VALUES
	('tokyo', 'bdb79ca8-0a40-44f4-bc93-bf76f098af18', '54b4f9ad1a1b9e0bcbd62d94e752b71b', 'SETTLED', '5b2ae39b31d3fc57a3e7f09dd54ac6cde1c31fe2545bac075bafab0776e8cbfe', '2026-11-30 22:30:04.42289+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'e801025571ff71fddc8ebaca9f22712c', 'PENDING', NULL, '2026-11-30 22:30:04.423205+00'),
	('tokyo', 'da21673b-7fe3-4591-bd0a-2fb2092a21b0', '684565f4681b5cecc893773a2595d068', 'SETTLED', '8686c452b3e6ef474240218818d998f1f8b10f1701594568b2fecd157da37ee4', '2026-11-30 22:30:04.42322+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '7a6c67aafa0e52ab5c5fe78d1637e3a9', 'EXECUTING', NULL, '2026-11-30 22:30:08.956975+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '9472416cd72400535227800700750f61', 'SETTLED', '4abdbb4e139e41bb1356839597a22338f1da27e17e6744c17ec15896d798ad09', '2026-11-30 22:30:09.089679+00'),
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', '970212e7bdfb1be37e937aca94b44cb6', 'PENDING', NULL, '2026-11-30 22:30:09.24203+00'),
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', '85460c9d0652063557e4ecd3c49bc21c', 'SETTLED', '5dda93c8b3d36fe44e93f8cc7967331fb9dbdddfa61ebd7586859b7753e01b18', '2026-11-30 22:30:14.999561+00'),
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', '0691c886c745f53124087277cd3dcd9a', 'PENDING', NULL, '2026-11-30 22:30:15.198257+00'),
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '327d4af1beb7c97f257b5a779bae2ead', 'PENDING', NULL, '2026-11-30 22:30:15.198303+00'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', '8787e15cbddae7d67a9dc37648c87616', 'PENDING', NULL, '2026-11-30 22:30:27.47976+00'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'd3738d34c46ddde630173fa9b367d342', 'PENDING', NULL, '2026-11-30 22:30:27.732773+00'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', '336f164e42849d1f83f70258cba952d7', 'PENDING', NULL, '2026-11-30 22:30:27.732815+00'),
	('tokyo', 'db2b37d8-610c-4de4-831b-f6726aa7437f', '1fe0b1b3a9e16b112cc987d27936ad67', 'PENDING', NULL, '2026-11-30 22:30:39.118946+00');
INSERT INTO custodian.ingest_open VALUES
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9'),
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05'),
	('tokyo', 'db2b37d8-610c-4de4-831b-f6726aa7437f');
INSERT INTO custodian.leases VALUES
	('ingest.tokyo', 'before-19014-ingest', 2, '2026-11-30 22:30:43.147256+00', '2026-11-30 22:30:38.451598+00');
INSERT INTO custodian.migrations VALUES
	('pipeline.stores/0001_pre_positions.sql', 'eccc33de89b9eade60c3f11127c04daddf5c5b2c879fa1da33923bb29bebd8ac', '2026-11-30 22:29:53.957208+00'),
	('pipeline.stores/0002_pre_ingest.sql', '6c79e41fbb67cb6a7d6008a8362b4c3ea425d91625ce780f1a9b6ffe20577cdf', '2026-11-30 22:29:53.981726+00'),
	('pipeline.stores/0003_pre_requeued.sql', '40b1e70cecfb390214ead1bc8d2ac670e982f88b2d57ecb2aa91c6db9477b423', '2026-11-30 22:29:53.985543+00'),
	('pipeline.stores/0003_pre_wake.sql', '6513534b84769f3bdfc599aa3c95e9670076319db5454ac0dc606dcc47244d1f', '2026-11-30 22:29:53.989931+00'),
	('pipeline.stores/0004_pre_risk.sql', '10199a350010e412e37d937acd376f332ef3ef5f53187b04f5051207ab2bd9bd', '2026-11-30 22:29:54.003893+00'),
	('pipeline.stores/0005_pre_commands.sql', '274922b88f7493eda3d19ed33c418a63e44f8ce4a2338933198db6017cac7ade', '2026-11-30 22:29:54.033162+00'),
	('pipeline.stores/0006_pre_decisions.sql', '6363a3742a22f0b7e59c2ee2cdf0f1ab140bb96d1cb01ed7d1837c2714016b47', '2026-11-30 22:29:54.048064+00'),
	('pipeline.stores/0006_pre_evidence.sql', '9fa66acda2625830ef3633cb35ba8d06fddf278613eef32c3669f5798c8a33e6', '2026-11-30 22:29:54.051362+00'),
	('pipeline.stores/0007_pre_allowed.sql', '564648b176da2272e1354eb14f8fdc2334bb8c1e5f2f757197a39144a21b9a08', '2026-11-30 22:29:54.052831+00'),
	('pipeline.stores/0008_pre_requeues.sql', '3bed9b236b8baad93acb9b89c9b4c3baa58141f08acf3c7100edb2bcddf68c02', '2026-11-30 22:29:54.059375+00'),
	('pipeline.stores/0009_pre_states_comment.sql', '392581f39af669f4f8d8173407ccc7d1e2fd7fb8fbd5a36f4626a2748334707d', '2026-11-30 22:29:54.060124+00'),
	('pipeline.stores/0010_pre_acts.sql', '5c6a2255d29db6e545d3397dbc9e70c59377b716d8c61d8d03c2396b73f0e088', '2026-11-30 22:29:54.08298+00'),
	('pipeline.stores/0011_pre_unfinished.sql', 'a019a9f8610eae1b48b726a3b634dbfbf4cc2b6559a4eb078396740fd662fc74', '2026-11-30 22:29:54.088531+00'),
	('pipeline.stores/0012_pre_venue_parties.sql', '11eb8f059a63457948fcaa7ca7a1cfdce0efa521c04946c94bc90ca11a0d1170', '2026-11-30 22:29:54.093202+00'),
	('pipeline.stores/0013_pre_request_shares.sql', '865ea5f4a70dc8b663e5f2c4ae6c5412149ef0d3804afe464aee021ee03416fd', '2026-11-30 22:29:54.095825+00'),
	('pipeline.stores/0015_pre_suspects.sql', 'f45ced29e4035e987a0232055851161797b41083e8cce43fb55211b6aca326e2', '2026-11-30 22:29:54.111967+00'),
	('pipeline.stores/0016_pre_readings.sql', 'fb382f84ffcc7c5cf4cb51625cb31d50b4f3d3c0c87142e8217daca75e7f8f34', '2026-11-30 22:29:54.119177+00'),
	('connectors.sinks.accounting_ledger/0001_pre_ledger.sql', 'e39425b5966d59c7742a103dee709f4d3146b24aac53b03553aa7cbe4c894eef', '2026-11-30 22:29:54.147479+00'),
	('connectors.sinks.accounting_ledger/0002_pre_key_with_venue.sql', '880b0ef06ab00f73fdaf1b7029662a32250f49683fe8186e743b30b48b2d0ca1', '2026-11-30 22:29:54.14882+00'),
	('connectors.sinks.accounting_ledger/0003_post_key_with_venue.sql', 'df342765a63948f82b7b3e547afbae04c9eb9d00f43fed9838120c2572825eee', '2026-11-30 22:29:54.149382+00'),
	('connectors.sinks.compliance_archive/0001_pre_archive.sql', 'd6f568266c0d6a56004c2051feb9c53f4ddde6444003c90655c035abb3755936', '2026-11-30 22:29:54.162013+00'),
	('connectors.sinks.compliance_archive/0003_pre_passed.sql', 'c9c5a2a0b4943aa333dd0f845a55eac0aab9da7262080931634657e937a17db7', '2026-11-30 22:29:54.170284+00');
INSERT INTO custodian.outbox OVERRIDING SYSTEM VALUE VALUES
	('6189227e65b8962a021a95014f192ac6', 1, 'operator-acted.v1', '/operators', '6432515e-bc62-471e-81db-176fbbcc151c', '2026-11-30 22:30:11.363415+00', '98be8e8b2dd79a6de6c43e7af6059eab', '637fccd2ab0bee7a6c859ebad23cd87c', '6432515e-bc62-471e-81db-176fbbcc151c', '{"action":"approve","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","decision_id":"637fccd2ab0bee7a6c859ebad23cd87c","shown_sha256":"5bf02b61f3a6a67791d55fe109eb123d1461bb5b02236b0a2c772f40f534c9c0","by":"Officer One","reason":"looked at","at":"2026-11-30T22:30:11.363415Z"}', '2026-11-30 22:30:11.79874+00'),
	('2482518715a414a7f882d0c9c9e6ab93', 2, 'operator-acted.v1', '/operators', '6432515e-bc62-471e-81db-176fbbcc151c', '2026-11-30 22:30:12.947692+00', '98be8e8b2dd79a6de6c43e7af6059eab', '637fccd2ab0bee7a6c859ebad23cd87c', '6432515e-bc62-471e-81db-176fbbcc151c', '{"action":"approve","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","decision_id":"637fccd2ab0bee7a6c859ebad23cd87c","shown_sha256":"5bf02b61f3a6a67791d55fe109eb123d1461bb5b02236b0a2c772f40f534c9c0","by":"Officer Two","reason":"looked at","at":"2026-11-30T22:30:12.947692Z"}', '2026-11-30 22:30:13.331272+00'),
	('c71d5f3c13597ff5636c9ac3e38d4a67', 3, 'decision-made.v1', '/operators', '6432515e-bc62-471e-81db-176fbbcc151c', '2026-11-30 22:30:12.947692+00', '98be8e8b2dd79a6de6c43e7af6059eab', '637fccd2ab0bee7a6c859ebad23cd87c', '6432515e-bc62-471e-81db-176fbbcc151c', '{"decision_id":"69d95a4b6716cfb8bd7a941f08d7d723","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"Officer One, Officer Two","decided_at":"2026-11-30T22:30:12.947692Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","observed":"1576799997.808s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799999.808s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8","approvers_needed":0,"refers_to":"637fccd2ab0bee7a6c859ebad23cd87c"}', '2026-11-30 22:30:13.3313+00'),
	('476e031ebc0682ba9cc84ffba67b400d', 4, 'operator-acted.v1', '/operators', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', '2026-11-30 22:30:20.84711+00', 'd61fcc52fe89105ff8e10c146cbfe913', '3c6e87eaab50ac927b05a1e20fe6cc7e', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"action":"approve","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","decision_id":"3c6e87eaab50ac927b05a1e20fe6cc7e","shown_sha256":"b7dfc537fd57dd8c9be4e11396ff3a67348fbd9da956999c697f30deb97e46df","by":"Officer One","reason":"looked at","at":"2026-11-30T22:30:20.847110Z"}', '2026-11-30 22:30:21.032407+00'),
	('50ecb74f78306718e90ed9db9e1c1ed2', 5, 'operator-acted.v1', '/operators', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '2026-11-30 22:30:25.190145+00', 'a1bd230e6c3c54d2cec5e0f08a978b7b', '14c9daeca575f9d66eb17c254fd8b0aa', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"action":"approve","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","decision_id":"14c9daeca575f9d66eb17c254fd8b0aa","shown_sha256":"2b116125f650038d0643cc3198b97cd005815e2a4d92698c77824fbd56d71f3e","by":"Officer One","reason":"looked at","at":"2026-11-30T22:30:25.190145Z"}', '2026-11-30 22:30:25.323387+00'),
	('8c6d4df2e27d1b760f84b114db2e7a0a', 6, 'operator-acted.v1', '/operators', 'global', '2026-11-30 22:30:27.186953+00', '6eed242eeab4dfebe73e78fc9d2db4f0', NULL, 'global', '{"action":"halt","pair":"EURCx/USDCx","by":"Officer One","reason":"a question about this pair","at":"2026-11-30T22:30:27.186953Z"}', '2026-11-30 22:30:27.366265+00'),
	('f73f69308e5fe07866aab8a2bd0003ff', 7, 'operator-acted.v1', '/operators', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '2026-11-30 22:30:29.529516+00', 'a1bd230e6c3c54d2cec5e0f08a978b7b', '14c9daeca575f9d66eb17c254fd8b0aa', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"action":"approve","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","decision_id":"14c9daeca575f9d66eb17c254fd8b0aa","shown_sha256":"2b116125f650038d0643cc3198b97cd005815e2a4d92698c77824fbd56d71f3e","by":"Officer Two","reason":"looked at","at":"2026-11-30T22:30:29.529516Z"}', NULL),
	('dbf3c02a91aa17b0956c1661b64bdb88', 8, 'decision-made.v1', '/operators', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '2026-11-30 22:30:29.529516+00', 'a1bd230e6c3c54d2cec5e0f08a978b7b', '14c9daeca575f9d66eb17c254fd8b0aa', '7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"decision_id":"8bcbb27fd7f8d4059dfd9df3a5f533c2","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"Officer One, Officer Two","decided_at":"2026-11-30T22:30:29.529516Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.049000Z"},"limit":"before decide_by","observed":"1576799997.745s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.049Z"},"limit":"before expires_at","observed":"1576799999.745s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c","approvers_needed":0,"refers_to":"14c9daeca575f9d66eb17c254fd8b0aa"}', NULL);
INSERT INTO custodian.positions VALUES
	('workflow', 'before.custody.rate-read.v1', 0, 0, 'uvRBXVGxRUKsa2QZxGKUjQ', '2026-11-30 22:29:54.438246+00'),
	('settlement', 'before.custody.order-updated.v1', 2, 15, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:27.459289+00'),
	('workflow', 'before.custody.compliance-read.v1', 1, 2, 'QxnZ5KeSQa+0HQLMgpJMfQ', '2026-11-30 22:30:27.76152+00'),
	('workflow', 'before.custody.compliance-read.v1', 0, 3, 'QxnZ5KeSQa+0HQLMgpJMfQ', '2026-11-30 22:30:42.074515+00'),
	('workflow', 'before.custody.quote-received.v1', 2, 2, 'thpGZbONTDW6tsBtjynUTQ', '2026-11-30 22:30:07.997876+00'),
	('workflow', 'before.custody.order-updated.v1', 0, 11, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:42.188849+00'),
	('settlement', 'before.custody.order-updated.v1', 0, 11, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:42.294182+00'),
	('workflow', 'before.custody.compliance-read.v1', 2, 3, 'QxnZ5KeSQa+0HQLMgpJMfQ', '2026-11-30 22:30:27.508885+00'),
	('settlement', 'before.custody.order-updated.v1', 1, 7, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:42.294206+00'),
	('workflow', 'before.custody.quote-received.v1', 0, 2, 'thpGZbONTDW6tsBtjynUTQ', '2026-11-30 22:30:14.115863+00'),
	('workflow', 'before.custody.order-updated.v1', 2, 15, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:27.456281+00'),
	('workflow', 'before.custody.order-updated.v1', 1, 7, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:42.074562+00'),
	('workflow', 'before.custody.quote-received.v1', 1, 3, 'thpGZbONTDW6tsBtjynUTQ', '2026-11-30 22:30:42.074566+00'),
	('workflow', 'before.custody.rate-read.v1', 1, 0, 'uvRBXVGxRUKsa2QZxGKUjQ', '2026-11-30 22:29:54.438255+00'),
	('workflow', 'before.custody.rate-read.v1', 2, 0, 'uvRBXVGxRUKsa2QZxGKUjQ', '2026-11-30 22:29:54.43876+00'),
	('workflow', 'before.custody.command-completed.v1', 1, 0, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:29:54.438819+00'),
	('workflow', 'before.custody.decision-made.v1', 2, 5, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:29.702264+00'),
	('risk', 'before.custody.decision-requested.v1', 0, 3, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:27.777843+00'),
	('risk', 'before.custody.decision-made.v1', 1, 2, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.878072+00'),
	('workflow', 'before.custody.command-completed.v1', 2, 3, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:30:27.630609+00'),
	('workflow', 'before.custody.decision-made.v1', 1, 2, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.852921+00'),
	('workflow', 'before.custody.decision-made.v1', 0, 4, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.796834+00'),
	('workflow', 'before.custody.command-completed.v1', 0, 2, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:30:14.508293+00'),
	('risk', 'before.custody.decision-requested.v1', 2, 5, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:29.680615+00'),
	('risk', 'before.custody.decision-made.v1', 0, 4, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.855999+00'),
	('risk', 'before.custody.decision-requested.v1', 1, 2, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:27.801746+00'),
	('risk', 'before.custody.command-completed.v1', 1, 0, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:29:54.443324+00'),
	('risk', 'before.custody.order-updated.v1', 2, 15, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:27.44622+00'),
	('decisions', 'before.custody.decision-requested.v1', 0, 3, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:27.76265+00'),
	('commands', 'before.custody.command-issued.v1', 1, 1, '5T9bYWDZQKKYe22X+CH/nw', '2026-11-30 22:30:27.883696+00'),
	('decisions', 'before.custody.decision-requested.v1', 1, 2, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:27.776344+00'),
	('risk', 'before.custody.command-completed.v1', 2, 3, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:30:27.639867+00'),
	('commands', 'before.custody.command-issued.v1', 0, 3, '5T9bYWDZQKKYe22X+CH/nw', '2026-11-30 22:30:27.846898+00'),
	('commands', 'before.custody.command-issued.v1', 2, 3, '5T9bYWDZQKKYe22X+CH/nw', '2026-11-30 22:30:27.561567+00'),
	('risk', 'before.custody.order-updated.v1', 0, 9, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:27.696223+00'),
	('risk', 'before.custody.command-completed.v1', 0, 2, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:30:14.511842+00'),
	('risk', 'before.custody.decision-made.v1', 2, 5, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:29.699239+00'),
	('decisions', 'before.custody.decision-requested.v1', 2, 4, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:27.524937+00'),
	('risk', 'before.custody.order-updated.v1', 1, 6, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:27.704257+00'),
	('archive', 'before.custody.decision-requested.v1', 0, 4, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:42.374862+00'),
	('ledger', 'before.custody.order-settled.v1', 0, 1, 'EenQjJv0S1ayjz2dc5UCFQ', '2026-11-30 22:30:15.009732+00'),
	('ledger', 'before.custody.order-settled.v1', 1, 1, 'EenQjJv0S1ayjz2dc5UCFQ', '2026-11-30 22:30:06.199315+00'),
	('archive', 'before.custody.order-updated.v1', 0, 11, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:39.198177+00'),
	('ledger', 'before.custody.order-settled.v1', 2, 2, 'EenQjJv0S1ayjz2dc5UCFQ', '2026-11-30 22:30:09.114805+00'),
	('decisions', 'before.custody.decision-made.v1', 2, 4, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.546113+00'),
	('archive', 'before.custody.quote-received.v1', 2, 2, 'thpGZbONTDW6tsBtjynUTQ', '2026-11-30 22:30:08.10114+00'),
	('decisions', 'before.custody.decision-made.v1', 1, 2, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.845817+00'),
	('decisions', 'before.custody.decision-made.v1', 0, 4, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.784275+00'),
	('archive', 'before.custody.quote-received.v1', 0, 2, 'thpGZbONTDW6tsBtjynUTQ', '2026-11-30 22:30:14.210429+00'),
	('archive', 'before.custody.order-updated.v1', 2, 15, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:27.475688+00'),
	('archive', 'before.custody.quote-received.v1', 1, 3, 'thpGZbONTDW6tsBtjynUTQ', '2026-11-30 22:30:39.198183+00'),
	('archive', 'before.custody.order-updated.v1', 1, 7, 'dvkRRvRjThuoZXvbu3J/Lw', '2026-11-30 22:30:39.002809+00'),
	('archive', 'before.custody.command-completed.v1', 1, 0, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:29:54.460739+00'),
	('archive', 'before.custody.order-settled.v1', 1, 1, 'EenQjJv0S1ayjz2dc5UCFQ', '2026-11-30 22:30:06.260256+00'),
	('archive', 'before.custody.order-settled.v1', 0, 1, 'EenQjJv0S1ayjz2dc5UCFQ', '2026-11-30 22:30:15.063659+00'),
	('archive', 'before.custody.command-issued.v1', 0, 3, '5T9bYWDZQKKYe22X+CH/nw', '2026-11-30 22:30:27.865542+00'),
	('archive', 'before.custody.command-completed.v1', 0, 2, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:30:14.594198+00'),
	('archive', 'before.custody.command-completed.v1', 2, 3, '3t0g/tKBT6CnuhdgoYQ8Rg', '2026-11-30 22:30:27.741552+00'),
	('archive', 'before.custody.command-issued.v1', 1, 1, '5T9bYWDZQKKYe22X+CH/nw', '2026-11-30 22:30:27.981378+00'),
	('archive', 'before.custody.decision-made.v1', 1, 2, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.981494+00'),
	('archive', 'before.custody.command-issued.v1', 2, 4, '5T9bYWDZQKKYe22X+CH/nw', '2026-11-30 22:30:29.762832+00'),
	('archive', 'before.custody.decision-made.v1', 2, 5, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:29.762857+00'),
	('archive', 'before.custody.decision-made.v1', 0, 4, 'gG8ALcl3QnekMgfmLu1QDQ', '2026-11-30 22:30:27.865583+00'),
	('archive', 'before.custody.decision-requested.v1', 1, 2, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:27.865591+00'),
	('archive', 'before.custody.decision-requested.v1', 2, 5, 'QBDGBglbR4Gm8LWwP0VVWA', '2026-11-30 22:30:29.762867+00'),
	('archive', 'before.custody.rate-read.v1', 0, 0, 'uvRBXVGxRUKsa2QZxGKUjQ', '2026-11-30 22:29:54.460838+00'),
	('archive', 'before.custody.rate-read.v1', 1, 0, 'uvRBXVGxRUKsa2QZxGKUjQ', '2026-11-30 22:29:54.460851+00'),
	('archive', 'before.custody.rate-read.v1', 2, 0, 'uvRBXVGxRUKsa2QZxGKUjQ', '2026-11-30 22:29:54.460859+00'),
	('archive', 'before.custody.alarm-raised.v1', 0, 0, '4oMPzW+zRoGvzZrdd17gcQ', '2026-11-30 22:29:54.460901+00'),
	('archive', 'before.custody.alarm-raised.v1', 1, 0, '4oMPzW+zRoGvzZrdd17gcQ', '2026-11-30 22:29:54.460908+00'),
	('archive', 'before.custody.operator-acted.v1', 1, 1, '3ugV8g6+Tk2bGQ+v1RCd5w', '2026-11-30 22:30:21.147627+00'),
	('archive', 'before.custody.compliance-read.v1', 1, 2, 'QxnZ5KeSQa+0HQLMgpJMfQ', '2026-11-30 22:30:27.865575+00'),
	('archive', 'before.custody.order-settled.v1', 2, 2, 'EenQjJv0S1ayjz2dc5UCFQ', '2026-11-30 22:30:09.184316+00'),
	('archive', 'before.custody.compliance-read.v1', 0, 3, 'QxnZ5KeSQa+0HQLMgpJMfQ', '2026-11-30 22:30:39.198121+00'),
	('archive', 'before.custody.operator-acted.v1', 0, 2, '3ugV8g6+Tk2bGQ+v1RCd5w', '2026-11-30 22:30:13.434687+00'),
	('archive', 'before.custody.compliance-read.v1', 2, 3, 'QxnZ5KeSQa+0HQLMgpJMfQ', '2026-11-30 22:30:27.605758+00'),
	('archive', 'before.custody.alarm-raised.v1', 2, 1, '4oMPzW+zRoGvzZrdd17gcQ', '2026-11-30 22:30:26.313365+00'),
	('archive', 'before.custody.dead-letter.v1', 0, 1, '8nSZGtpfSu68K/PdORu/Tg', '2026-11-30 22:30:26.313437+00'),
	('archive', 'before.custody.operator-acted.v1', 2, 2, '3ugV8g6+Tk2bGQ+v1RCd5w', '2026-11-30 22:30:27.475663+00'),
	('archive', 'before.custody.dead-letter.v1', 1, 0, '8nSZGtpfSu68K/PdORu/Tg', '2026-11-30 22:29:54.460932+00'),
	('archive', 'before.custody.dead-letter.v1', 2, 0, '8nSZGtpfSu68K/PdORu/Tg', '2026-11-30 22:29:54.46096+00');
INSERT INTO custodian.readings OVERRIDING SYSTEM VALUE VALUES
	('workflow', 1, 1, '2026-11-30 22:30:06.164385+00', '{before.custody.order-updated.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 2, '2026-11-30 22:30:06.164385+00', '{before.custody.compliance-read.v1,before.custody.order-updated.v1}', '{0,0}', '{1,1}', NULL),
	('workflow', 1, 3, '2026-11-30 22:30:06.184791+00', '{before.custody.order-updated.v1}', '{1}', '{2}', '2026-11-30 22:30:06.177871+00'),
	('workflow', 2, 4, '2026-11-30 22:30:06.184791+00', '{before.custody.order-updated.v1}', '{1}', '{4}', '2026-11-30 22:30:06.177871+00'),
	('risk', 2, 5, '2026-11-30 22:30:06.513605+00', '{before.custody.decision-requested.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 6, '2026-11-30 22:30:06.589818+00', '{before.custody.decision-made.v1}', '{0}', '{1}', '2026-11-30 22:30:06.432011+00'),
	('risk', 2, 7, '2026-11-30 22:30:06.630003+00', '{before.custody.order-updated.v1}', '{0}', '{4}', NULL),
	('risk', 1, 8, '2026-11-30 22:30:06.630003+00', '{before.custody.order-updated.v1}', '{0}', '{2}', NULL),
	('risk', 2, 9, '2026-11-30 22:30:06.660278+00', '{before.custody.decision-made.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 10, '2026-11-30 22:30:07.263065+00', '{before.custody.command-completed.v1}', '{0}', '{1}', '2026-11-30 22:30:07.207918+00'),
	('risk', 2, 11, '2026-11-30 22:30:07.282128+00', '{before.custody.command-completed.v1}', '{0}', '{1}', NULL),
	('workflow', 2, 12, '2026-11-30 22:30:07.718438+00', '{before.custody.quote-received.v1}', '{0}', '{1}', '2026-11-30 22:30:07.467457+00'),
	('workflow', 2, 13, '2026-11-30 22:30:07.991372+00', '{before.custody.quote-received.v1}', '{1}', '{2}', '2026-11-30 22:30:07.733189+00'),
	('workflow', 2, 14, '2026-11-30 22:30:08.175713+00', '{}', '{}', '{}', '2026-11-30 22:30:08.018308+00'),
	('risk', 2, 15, '2026-11-30 22:30:08.314597+00', '{before.custody.decision-requested.v1}', '{1}', '{2}', NULL),
	('workflow', 2, 16, '2026-11-30 22:30:08.385597+00', '{before.custody.decision-made.v1}', '{1}', '{2}', '2026-11-30 22:30:08.150502+00'),
	('risk', 2, 17, '2026-11-30 22:30:08.403484+00', '{before.custody.decision-made.v1}', '{1}', '{2}', NULL),
	('risk', 2, 18, '2026-11-30 22:30:08.653584+00', '{before.custody.command-completed.v1}', '{1}', '{2}', NULL),
	('workflow', 2, 19, '2026-11-30 22:30:08.648411+00', '{before.custody.command-completed.v1}', '{1}', '{2}', '2026-11-30 22:30:08.494344+00'),
	('workflow', 2, 20, '2026-11-30 22:30:08.717798+00', '{before.custody.order-updated.v1}', '{4}', '{7}', '2026-11-30 22:30:08.494344+00'),
	('risk', 2, 21, '2026-11-30 22:30:08.729816+00', '{before.custody.order-updated.v1}', '{4}', '{6}', NULL),
	('risk', 2, 22, '2026-11-30 22:30:08.748146+00', '{before.custody.order-updated.v1}', '{6}', '{7}', NULL),
	('risk', 2, 23, '2026-11-30 22:30:08.949555+00', '{before.custody.order-updated.v1}', '{7}', '{8}', NULL),
	('workflow', 2, 24, '2026-11-30 22:30:08.963931+00', '{before.custody.order-updated.v1}', '{7}', '{8}', '2026-11-30 22:30:08.749779+00'),
	('workflow', 2, 25, '2026-11-30 22:30:09.030507+00', '{before.custody.order-updated.v1}', '{8}', '{9}', '2026-11-30 22:30:09.005508+00'),
	('risk', 2, 26, '2026-11-30 22:30:09.053079+00', '{before.custody.order-updated.v1}', '{8}', '{9}', NULL),
	('workflow', 2, 27, '2026-11-30 22:30:09.074092+00', '{before.custody.order-updated.v1}', '{9}', '{10}', '2026-11-30 22:30:09.005508+00'),
	('risk', 2, 28, '2026-11-30 22:30:09.090643+00', '{before.custody.order-updated.v1}', '{9}', '{10}', NULL),
	('workflow', 0, 29, '2026-11-30 22:30:09.206705+00', '{before.custody.order-updated.v1}', '{0}', '{1}', '2026-11-30 22:30:09.005508+00'),
	('risk', 0, 30, '2026-11-30 22:30:09.2102+00', '{before.custody.order-updated.v1}', '{0}', '{1}', NULL),
	('risk', 0, 31, '2026-11-30 22:30:09.234329+00', '{before.custody.order-updated.v1}', '{1}', '{2}', NULL),
	('workflow', 0, 32, '2026-11-30 22:30:09.250339+00', '{before.custody.order-updated.v1}', '{1}', '{2}', '2026-11-30 22:30:09.005508+00'),
	('workflow', 0, 33, '2026-11-30 22:30:09.295579+00', '{before.custody.compliance-read.v1}', '{0}', '{1}', '2026-11-30 22:30:09.273746+00'),
	('risk', 0, 34, '2026-11-30 22:30:09.342152+00', '{before.custody.decision-requested.v1}', '{0}', '{1}', NULL),
	('workflow', 0, 35, '2026-11-30 22:30:09.379274+00', '{before.custody.decision-made.v1}', '{0}', '{1}', '2026-11-30 22:30:09.273746+00'),
	('risk', 0, 36, '2026-11-30 22:30:09.391113+00', '{before.custody.decision-made.v1}', '{0}', '{1}', NULL),
	('workflow', 0, 37, '2026-11-30 22:30:13.354107+00', '{before.custody.decision-made.v1}', '{1}', '{2}', '2026-11-30 22:30:13.122909+00'),
	('risk', 0, 38, '2026-11-30 22:30:13.356891+00', '{before.custody.decision-made.v1}', '{1}', '{2}', NULL),
	('risk', 0, 39, '2026-11-30 22:30:13.434639+00', '{before.custody.command-completed.v1}', '{0}', '{1}', NULL),
	('workflow', 0, 40, '2026-11-30 22:30:13.436132+00', '{before.custody.command-completed.v1}', '{0}', '{1}', '2026-11-30 22:30:13.377508+00'),
	('workflow', 0, 41, '2026-11-30 22:30:13.84654+00', '{before.custody.quote-received.v1}', '{0}', '{1}', '2026-11-30 22:30:13.638496+00'),
	('workflow', 0, 42, '2026-11-30 22:30:14.113256+00', '{before.custody.quote-received.v1}', '{1}', '{2}', '2026-11-30 22:30:13.895235+00'),
	('workflow', 0, 43, '2026-11-30 22:30:14.329493+00', '{}', '{}', '{}', '2026-11-30 22:30:14.147706+00'),
	('risk', 0, 44, '2026-11-30 22:30:14.366149+00', '{before.custody.decision-requested.v1}', '{1}', '{2}', NULL),
	('risk', 0, 45, '2026-11-30 22:30:14.392581+00', '{before.custody.decision-made.v1}', '{2}', '{3}', NULL),
	('risk', 0, 48, '2026-11-30 22:30:14.509365+00', '{before.custody.command-completed.v1}', '{1}', '{2}', NULL),
	('risk', 0, 49, '2026-11-30 22:30:14.537719+00', '{before.custody.order-updated.v1}', '{2}', '{3}', NULL),
	('risk', 0, 51, '2026-11-30 22:30:14.548547+00', '{before.custody.order-updated.v1}', '{3}', '{5}', NULL),
	('risk', 0, 53, '2026-11-30 22:30:14.964795+00', '{before.custody.order-updated.v1}', '{5}', '{6}', NULL),
	('risk', 0, 55, '2026-11-30 22:30:14.986+00', '{before.custody.order-updated.v1}', '{6}', '{7}', NULL),
	('risk', 1, 58, '2026-11-30 22:30:15.129916+00', '{before.custody.order-updated.v1}', '{2}', '{3}', NULL),
	('risk', 2, 60, '2026-11-30 22:30:15.174893+00', '{before.custody.order-updated.v1}', '{10}', '{12}', NULL),
	('risk', 1, 61, '2026-11-30 22:30:15.174893+00', '{before.custody.order-updated.v1}', '{3}', '{4}', NULL),
	('risk', 1, 65, '2026-11-30 22:30:15.251265+00', '{before.custody.decision-requested.v1}', '{0}', '{1}', NULL),
	('risk', 2, 67, '2026-11-30 22:30:15.308898+00', '{before.custody.decision-requested.v1}', '{2}', '{3}', NULL),
	('risk', 1, 68, '2026-11-30 22:30:15.308898+00', '{before.custody.decision-made.v1}', '{0}', '{1}', NULL),
	('risk', 2, 69, '2026-11-30 22:30:15.34701+00', '{before.custody.decision-made.v1}', '{2}', '{3}', NULL),
	('risk', 2, 72, '2026-11-30 22:30:26.239201+00', '{before.custody.order-updated.v1}', '{12}', '{13}', NULL),
	('risk', 2, 73, '2026-11-30 22:30:27.432533+00', '{before.custody.order-updated.v1}', '{13}', '{14}', NULL),
	('risk', 2, 75, '2026-11-30 22:30:27.446053+00', '{before.custody.order-updated.v1}', '{14}', '{15}', NULL),
	('risk', 2, 78, '2026-11-30 22:30:27.533033+00', '{before.custody.decision-requested.v1}', '{3}', '{4}', NULL),
	('risk', 2, 79, '2026-11-30 22:30:27.544336+00', '{before.custody.decision-made.v1}', '{3}', '{4}', NULL),
	('risk', 2, 82, '2026-11-30 22:30:27.63858+00', '{before.custody.command-completed.v1}', '{2}', '{3}', NULL),
	('risk', 0, 84, '2026-11-30 22:30:27.679985+00', '{before.custody.order-updated.v1}', '{7}', '{8}', NULL),
	('risk', 1, 87, '2026-11-30 22:30:27.694865+00', '{before.custody.order-updated.v1}', '{4}', '{5}', NULL),
	('risk', 0, 88, '2026-11-30 22:30:27.694865+00', '{before.custody.order-updated.v1}', '{8}', '{9}', NULL),
	('risk', 1, 90, '2026-11-30 22:30:27.704067+00', '{before.custody.order-updated.v1}', '{5}', '{6}', NULL),
	('risk', 0, 93, '2026-11-30 22:30:27.777374+00', '{before.custody.decision-requested.v1}', '{2}', '{3}', NULL),
	('risk', 1, 95, '2026-11-30 22:30:27.801089+00', '{before.custody.decision-requested.v1}', '{1}', '{2}', NULL),
	('risk', 0, 97, '2026-11-30 22:30:27.8508+00', '{before.custody.decision-made.v1}', '{3}', '{4}', NULL),
	('risk', 1, 98, '2026-11-30 22:30:27.877597+00', '{before.custody.decision-made.v1}', '{1}', '{2}', NULL),
	('risk', 2, 102, '2026-11-30 22:30:29.679396+00', '{before.custody.decision-requested.v1}', '{4}', '{5}', NULL),
	('risk', 2, 103, '2026-11-30 22:30:29.699023+00', '{before.custody.decision-made.v1}', '{4}', '{5}', NULL),
	('workflow', 0, 46, '2026-11-30 22:30:14.398326+00', '{before.custody.decision-made.v1}', '{2}', '{3}', '2026-11-30 22:30:14.316189+00'),
	('workflow', 0, 47, '2026-11-30 22:30:14.499694+00', '{before.custody.order-updated.v1,before.custody.command-completed.v1}', '{2,1}', '{3,2}', '2026-11-30 22:30:14.316189+00'),
	('workflow', 0, 50, '2026-11-30 22:30:14.539816+00', '{before.custody.order-updated.v1}', '{3}', '{5}', '2026-11-30 22:30:14.316189+00'),
	('workflow', 0, 52, '2026-11-30 22:30:14.945285+00', '{before.custody.order-updated.v1}', '{5}', '{6}', '2026-11-30 22:30:14.867449+00'),
	('workflow', 0, 54, '2026-11-30 22:30:14.968537+00', '{before.custody.order-updated.v1}', '{6}', '{7}', '2026-11-30 22:30:14.867449+00'),
	('workflow', 2, 56, '2026-11-30 22:30:15.118306+00', '{before.custody.order-updated.v1}', '{10}', '{11}', '2026-11-30 22:30:14.867449+00'),
	('workflow', 1, 57, '2026-11-30 22:30:15.118306+00', '{before.custody.order-updated.v1}', '{2}', '{3}', '2026-11-30 22:30:14.867449+00'),
	('workflow', 1, 59, '2026-11-30 22:30:15.168343+00', '{before.custody.order-updated.v1}', '{3}', '{4}', '2026-11-30 22:30:15.129191+00'),
	('workflow', 2, 62, '2026-11-30 22:30:15.184221+00', '{before.custody.order-updated.v1}', '{11}', '{12}', '2026-11-30 22:30:15.129191+00'),
	('workflow', 1, 63, '2026-11-30 22:30:15.184221+00', '{before.custody.compliance-read.v1}', '{0}', '{1}', '2026-11-30 22:30:15.129191+00'),
	('workflow', 2, 64, '2026-11-30 22:30:15.216549+00', '{before.custody.compliance-read.v1}', '{1}', '{2}', '2026-11-30 22:30:15.129191+00'),
	('workflow', 1, 66, '2026-11-30 22:30:15.295449+00', '{before.custody.decision-made.v1}', '{0}', '{1}', '2026-11-30 22:30:15.129191+00'),
	('workflow', 2, 70, '2026-11-30 22:30:15.353567+00', '{before.custody.decision-made.v1}', '{2}', '{3}', '2026-11-30 22:30:15.129191+00'),
	('workflow', 2, 71, '2026-11-30 22:30:26.218507+00', '{before.custody.order-updated.v1}', '{12}', '{13}', '2026-11-30 22:30:26.056724+00'),
	('workflow', 2, 74, '2026-11-30 22:30:27.435017+00', '{before.custody.order-updated.v1}', '{13}', '{14}', '2026-11-30 22:30:27.324952+00'),
	('workflow', 2, 76, '2026-11-30 22:30:27.45432+00', '{before.custody.order-updated.v1}', '{14}', '{15}', '2026-11-30 22:30:27.324952+00'),
	('workflow', 2, 77, '2026-11-30 22:30:27.507223+00', '{before.custody.compliance-read.v1}', '{2}', '{3}', '2026-11-30 22:30:27.324952+00'),
	('workflow', 2, 80, '2026-11-30 22:30:27.547924+00', '{before.custody.decision-made.v1}', '{3}', '{4}', '2026-11-30 22:30:27.324952+00'),
	('workflow', 2, 81, '2026-11-30 22:30:27.625721+00', '{before.custody.command-completed.v1}', '{2}', '{3}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 0, 83, '2026-11-30 22:30:27.65452+00', '{before.custody.order-updated.v1}', '{7}', '{8}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 1, 85, '2026-11-30 22:30:27.676295+00', '{before.custody.order-updated.v1}', '{4}', '{5}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 0, 86, '2026-11-30 22:30:27.688738+00', '{before.custody.order-updated.v1}', '{8}', '{9}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 1, 89, '2026-11-30 22:30:27.702979+00', '{before.custody.order-updated.v1}', '{5}', '{6}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 0, 91, '2026-11-30 22:30:27.711459+00', '{before.custody.compliance-read.v1}', '{1}', '{2}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 1, 92, '2026-11-30 22:30:27.760365+00', '{before.custody.compliance-read.v1}', '{1}', '{2}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 0, 94, '2026-11-30 22:30:27.794612+00', '{before.custody.decision-made.v1}', '{3}', '{4}', '2026-11-30 22:30:27.579351+00'),
	('workflow', 1, 96, '2026-11-30 22:30:27.843008+00', '{before.custody.decision-made.v1}', '{1}', '{2}', '2026-11-30 22:30:27.579351+00');
INSERT INTO custodian.readings OVERRIDING SYSTEM VALUE VALUES
	('workflow', 1, 99, '2026-11-30 22:30:28.413153+00', '{before.custody.quote-received.v1}', '{0}', '{1}', '2026-11-30 22:30:28.128233+00'),
	('workflow', 1, 100, '2026-11-30 22:30:28.602267+00', '{before.custody.quote-received.v1}', '{1}', '{2}', '2026-11-30 22:30:28.417037+00'),
	('workflow', 2, 101, '2026-11-30 22:30:29.634519+00', '{}', '{}', '{}', '2026-11-30 22:30:29.430714+00'),
	('workflow', 2, 104, '2026-11-30 22:30:29.696379+00', '{before.custody.decision-made.v1}', '{4}', '{5}', '2026-11-30 22:30:29.628634+00'),
	('workflow', 1, 105, '2026-11-30 22:30:42.069519+00', '{before.custody.quote-received.v1,before.custody.order-updated.v1}', '{2,6}', '{3,7}', '2026-11-30 22:30:41.76055+00'),
	('workflow', 0, 106, '2026-11-30 22:30:42.069519+00', '{before.custody.compliance-read.v1}', '{2}', '{3}', '2026-11-30 22:30:41.76055+00'),
	('workflow', 0, 107, '2026-11-30 22:30:42.172463+00', '{before.custody.order-updated.v1}', '{9}', '{11}', '2026-11-30 22:30:42.117728+00');
INSERT INTO custodian.request_budgets VALUES
	('tokyo', 1796077843.023633, 1796077827.8898573, 0);
INSERT INTO custodian.roles VALUES
	('before-17490-commands', 'commands', 17490, 'before', 45941, '2026-11-30 22:29:55.843189+00', '2026-11-30 22:30:27.505217+00', true, 0, '{"lag": 0, "began": "2026-11-30T22:29:55.682395Z", "ready": true, "counts": {"seen": 4, "succeeded": 4, "journalled": 4}, "reasons": {}, "degraded": [], "position": 17}', '{"2026-11-30 22:29:55.843189+00"}');
INSERT INTO custodian.states VALUES
	('settlement', 'tokyo/da21673b-7fe3-4591-bd0a-2fb2092a21b0', '{"side": "receiver", "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T22:30:03.982000Z", "target_amount": "100000", "sender_party_id": "InstitutionC::1220955259e7d2eedbaeac07549f76dcf2a2185ed31749271fc180cf2f8cc5eb951a", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2", "source_amount_actual": "11200000", "sender_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "terms_sha256": "694e9ea0ff2186b85ce14e94ff4830ef0ca6994edcd4a74d93a1453dab862c44", "transaction_hash": "8686c452b3e6ef474240218818d998f1f8b10f1701594568b2fecd157da37ee4"}, "status": "SETTLED", "intent_id": "da21673b-7fe3-4591-bd0a-2fb2092a21b0", "updated_at": "2026-11-30T22:30:04.001673Z", "first_seen_at": "2026-11-30T22:30:04.001673Z", "terms_version": 2}', '2026-11-30 22:30:06.097964+00', 1, NULL),
	('workflow', 'tokyo/da21673b-7fe3-4591-bd0a-2fb2092a21b0', '{"note": "settled", "side": "receiver", "cause": "684565f4681b5cecc893773a2595d068", "order": {"created_at": "2026-11-30T22:30:03.982Z", "expires_at": "2076-11-17T22:30:03.982Z", "target_amount": "100000", "sender_party_id": "InstitutionC::1220955259e7d2eedbaeac07549f76dcf2a2185ed31749271fc180cf2f8cc5eb951a", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "phase": "ended", "venue": "tokyo", "status": "SETTLED", "intent_id": "da21673b-7fe3-4591-bd0a-2fb2092a21b0", "updated_at": "2026-11-30T22:30:04.090979Z", "phase_since": "2026-11-30T22:30:06.164385Z", "first_seen_at": "2026-11-30T22:30:04.001673Z", "order_observed_at": "2026-11-30T22:30:04.090979Z"}', '2026-11-30 22:30:06.197967+00', 1, NULL),
	('settlement', 'tokyo/bdb79ca8-0a40-44f4-bc93-bf76f098af18', '{"side": "receiver", "marks": ["double_settlement/b69cea6b72a09d076226fa15f8928c1bc43f3213d5da7603975d8b3f90999d6d"], "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T22:30:03.982000Z", "target_amount": "100000", "sender_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "source_amount_actual": "11200000", "sender_custodian_party_id": "CustodianB::1220ef3410700fa1362b4d841bdcbaa3226a74a06980e52a619f07066ab7d0ec79aa", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "terms_sha256": "ba15f4a78a2f11b53b80a56f29c978bc4aad7b917f95b0f8c8d259c225200f5e", "transaction_hash": "5b2ae39b31d3fc57a3e7f09dd54ac6cde1c31fe2545bac075bafab0776e8cbfe"}, "status": "SETTLED", "intent_id": "bdb79ca8-0a40-44f4-bc93-bf76f098af18", "updated_at": "2026-11-30T22:30:04.001673Z", "first_seen_at": "2026-11-30T22:30:04.001673Z", "terms_version": 2}', '2026-11-30 22:30:26.197064+00', 2, NULL),
	('settlement', 'tokyo/6432515e-bc62-471e-81db-176fbbcc151c', '{"side": "sender", "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T22:30:14.903000Z", "target_amount": "60000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "source_amount_actual": "6720000", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce"}, "terms_sha256": "0cd4971db0e3ab206cbe76bf23fb457e856ee9841758ab03092f43025216cdc2", "transaction_hash": "5dda93c8b3d36fe44e93f8cc7967331fb9dbdddfa61ebd7586859b7753e01b18"}, "status": "SETTLED", "intent_id": "6432515e-bc62-471e-81db-176fbbcc151c", "updated_at": "2026-11-30T22:30:14.911804Z", "first_seen_at": "2026-11-30T22:30:09.152765Z", "terms_version": 2}', '2026-11-30 22:30:14.969339+00', 0, NULL),
	('workflow', 'tokyo/8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '{"ask": {"basis": "9476e7db8efeda148ecabe1699272f012cfce84eac3d09b829fa51d7e83b99e5", "round": 1, "lacked": ["rates"], "offered": ["0040d885-edef-4b88-ad56-4387894ceb9f"], "asked_at": "2026-11-30T22:30:08.175713Z", "question": "co_sign_quote", "decide_by": "2076-11-17T22:30:04Z", "request_id": "e67ace514ce60760fac80a7a341e5d49", "context_sha256": "e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db"}, "done": [{"kind": "accept_proposal", "cause": "98037a90d36e52297788d5f88f415549", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "command_id": "e8e4127d49b95c6601e3780c7b0c06c1", "http_status": 200, "completed_at": "2026-11-30T22:30:07.155053Z"}, {"kind": "co_sign_quote", "cause": "0246327e20224bc2baab2765fb571335", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "quote_id": "0040d885-edef-4b88-ad56-4387894ceb9f", "command_id": "9adb9d68f6dbe362e2f6dc2be265889f", "http_status": 200, "completed_at": "2026-11-30T22:30:08.584744Z"}], "note": "settled", "side": "sender", "cause": "7131859cc2433c26c66cb4724d296a2f", "order": {"created_at": "2026-11-30T22:30:04.000Z", "expires_at": "2076-11-17T22:30:04.000Z", "target_amount": "1000", "sender_party_id": "InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "jurisdiction_sender": "JP", "jurisdiction_receiver": "SG", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "phase": "ended", "venue": "tokyo", "pinned": "0040d885-edef-4b88-ad56-4387894ceb9f", "quotes": [{"cause": "3439f370b2243348fb01a6f5eb341c06", "status": "OPEN", "fx_rate": "112.0", "noted_at": "2026-11-30T22:30:07.718438Z", "quote_id": "0040d885-edef-4b88-ad56-4387894ceb9f", "observed_at": "2026-11-30T22:30:07.917749Z", "valid_until": "2076-11-17T22:30:07.641Z", "first_seen_at": "2026-11-30T22:30:07.647869Z", "source_amount": "112000", "target_amount": "1000", "market_maker_party_id": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853"}], "rounds": {"co_sign_quote": 1, "accept_proposal": 1}, "status": "SETTLED", "answers": [{"cause": "df824a52c4b23dcc97921cb12bb5f6b5", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "94f0f7fc4b030b67872a552d90373d7f", "decision_id": "df824a52c4b23dcc97921cb12bb5f6b5", "context_sha256": "d482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3"}, {"cause": "30318e3f60c3b020f3512852c3ef1761", "verdict": "ACCEPT", "question": "co_sign_quote", "quote_id": "0040d885-edef-4b88-ad56-4387894ceb9f", "decided_by": "risk", "request_id": "e67ace514ce60760fac80a7a341e5d49", "decision_id": "30318e3f60c3b020f3512852c3ef1761", "context_sha256": "e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db"}], "intent_id": "8508ce4d-2919-49ae-a31f-5d5d22a2faa5", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "JP", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "SG", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:08.992258Z", "phase_since": "2026-11-30T22:30:09.030507Z", "first_seen_at": "2026-11-30T22:30:04.001673Z", "order_observed_at": "2026-11-30T22:30:04.065063Z", "compliance_observed_at": "2026-11-30T22:30:04.115613Z"}', '2026-11-30 22:30:09.041753+00', 2, NULL),
	('settlement', 'tokyo/8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '{"side": "sender", "venue": "tokyo", "booked": {"stated": {"fx_rate": "112", "settled_at": "2026-11-30T22:30:08.986000Z", "target_amount": "1000", "sender_party_id": "InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_amount_actual": "112000", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "terms_sha256": "8a7416029f883f17082737de28826111814122cbb687f0b429a42229cfd2011c", "transaction_hash": "4abdbb4e139e41bb1356839597a22338f1da27e17e6744c17ec15896d798ad09"}, "status": "SETTLED", "intent_id": "8508ce4d-2919-49ae-a31f-5d5d22a2faa5", "updated_at": "2026-11-30T22:30:08.992258Z", "first_seen_at": "2026-11-30T22:30:04.001673Z", "terms_version": 2}', '2026-11-30 22:30:09.065536+00', 2, NULL),
	('workflow', 'tokyo/bdb79ca8-0a40-44f4-bc93-bf76f098af18', '{"note": "settled", "side": "receiver", "cause": "54b4f9ad1a1b9e0bcbd62d94e752b71b", "order": {"created_at": "2026-11-30T22:30:03.982Z", "expires_at": "2076-11-17T22:30:03.982Z", "target_amount": "100000", "sender_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "JP", "jurisdiction_receiver": "SG", "sender_custodian_party_id": "CustodianB::1220ef3410700fa1362b4d841bdcbaa3226a74a06980e52a619f07066ab7d0ec79aa", "receiver_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47"}, "phase": "ended", "venue": "tokyo", "status": "SETTLED", "intent_id": "bdb79ca8-0a40-44f4-bc93-bf76f098af18", "updated_at": "2026-11-30T22:30:04.063833Z", "phase_since": "2026-11-30T22:30:06.164385Z", "first_seen_at": "2026-11-30T22:30:04.001673Z", "order_observed_at": "2026-11-30T22:30:04.063833Z"}', '2026-11-30 22:30:06.198156+00', 2, NULL),
	('risk', 'tokyo/8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '{"answered": ["df824a52c4b23dcc97921cb12bb5f6b5", "30318e3f60c3b020f3512852c3ef1761"]}', '2026-11-30 22:30:08.330051+00', 2, NULL),
	('workflow', 'tokyo/da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"ask": {"basis": "46bd83e734b4c6faf866e94b9794522c82e7168a08264b4a1720dfd80660d899", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T22:30:15.184221Z", "question": "accept_proposal", "decide_by": "2076-11-17T22:30:13.045000Z", "request_id": "fb9b1c4914d547683211f18906919906", "context_sha256": "7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5"}, "note": "waits for a person", "side": "sender", "cause": "3c6e87eaab50ac927b05a1e20fe6cc7e", "order": {"created_at": "2026-11-30T22:30:15.045Z", "expires_at": "2076-11-17T22:30:15.045Z", "target_amount": "60000", "sender_party_id": "InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a"}, "phase": "referred_accept", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "3c6e87eaab50ac927b05a1e20fe6cc7e", "verdict": "REFER", "question": "accept_proposal", "decided_by": "risk", "request_id": "fb9b1c4914d547683211f18906919906", "decision_id": "3c6e87eaab50ac927b05a1e20fe6cc7e", "context_sha256": "7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5"}], "referral": "3c6e87eaab50ac927b05a1e20fe6cc7e", "intent_id": "da428cd9-6ea1-4c07-ada0-7957c4741fe9", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "SG", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:15.076207Z", "phase_since": "2026-11-30T22:30:15.295449Z", "first_seen_at": "2026-11-30T22:30:15.050661Z", "order_observed_at": "2026-11-30T22:30:15.076207Z", "compliance_observed_at": "2026-11-30T22:30:15.140238Z"}', '2026-11-30 22:30:15.30057+00', 1, '2076-11-17 22:30:13.045+00'),
	('risk', 'tokyo/6432515e-bc62-471e-81db-176fbbcc151c', '{"answered": ["637fccd2ab0bee7a6c859ebad23cd87c", "73b01560a4557eeb3dfdb3d1ef3d3a80"]}', '2026-11-30 22:30:14.367452+00', 0, NULL),
	('workflow', 'tokyo/7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"ask": {"basis": "9d30b650e911ca9419c0585ea83afc611cb1c7137fce059ab737fec362581ff6", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T22:30:15.216549Z", "question": "accept_proposal", "decide_by": "2076-11-17T22:30:13.049000Z", "request_id": "ec810f883615c6a2b759da1cfc47796b", "context_sha256": "81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c"}, "note": "waits for a person", "side": "sender", "cause": "14c9daeca575f9d66eb17c254fd8b0aa", "order": {"created_at": "2026-11-30T22:30:15.049Z", "expires_at": "2076-11-17T22:30:15.049Z", "target_amount": "60000", "sender_party_id": "InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b", "jurisdiction_sender": "KR", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a"}, "phase": "referred_accept", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "14c9daeca575f9d66eb17c254fd8b0aa", "verdict": "REFER", "question": "accept_proposal", "decided_by": "risk", "request_id": "ec810f883615c6a2b759da1cfc47796b", "decision_id": "14c9daeca575f9d66eb17c254fd8b0aa", "context_sha256": "81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c"}], "referral": "14c9daeca575f9d66eb17c254fd8b0aa", "intent_id": "7346bf79-7e43-45d0-b795-ccfefda5f83c", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "KR", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:15.104008Z", "phase_since": "2026-11-30T22:30:15.353567Z", "first_seen_at": "2026-11-30T22:30:15.050661Z", "order_observed_at": "2026-11-30T22:30:15.104008Z", "compliance_observed_at": "2026-11-30T22:30:15.162628Z"}', '2026-11-30 22:30:15.36114+00', 2, '2076-11-17 22:30:13.049+00'),
	('workflow', 'tokyo/6432515e-bc62-471e-81db-176fbbcc151c', '{"ask": {"basis": "6783fd1cef0d7c98430a3859b7a374f1c4445faf9a2404bdb447aebdca0188e7", "round": 1, "lacked": ["rates"], "offered": ["e7fee533-1b07-4c16-886b-a937aa3de573"], "asked_at": "2026-11-30T22:30:14.329493Z", "question": "co_sign_quote", "decide_by": "2076-11-17T22:30:09.148000Z", "request_id": "9e4c5a752e4e0ca93c9d04bf8e05baa0", "context_sha256": "fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3"}, "done": [{"kind": "accept_proposal", "cause": "65dc056cacfe9bd93130f6c4a26c1722", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "command_id": "9f2a99547be232c0acc7728a482fc69f", "http_status": 200, "completed_at": "2026-11-30T22:30:13.410691Z"}, {"kind": "co_sign_quote", "cause": "f9ce0a16b53dad9f3c14cbcdbcc0dccd", "reason": "the venue says so", "applied": true, "outcome": "succeeded", "attempts": 1, "quote_id": "e7fee533-1b07-4c16-886b-a937aa3de573", "command_id": "ddde0a678ad0af41768eae964a710a2e", "http_status": 200, "completed_at": "2026-11-30T22:30:14.455176Z"}], "note": "settled", "side": "sender", "cause": "75d8d00e27766d67ff18cd668c7bbbd7", "order": {"created_at": "2026-11-30T22:30:09.148Z", "expires_at": "2076-11-17T22:30:09.148Z", "target_amount": "60000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce"}, "phase": "ended", "venue": "tokyo", "pinned": "e7fee533-1b07-4c16-886b-a937aa3de573", "quotes": [{"cause": "64d893cb6f99da2f7959d2e63b414889", "status": "OPEN", "fx_rate": "112.0", "noted_at": "2026-11-30T22:30:13.846540Z", "quote_id": "e7fee533-1b07-4c16-886b-a937aa3de573", "observed_at": "2026-11-30T22:30:14.087340Z", "valid_until": "2076-11-17T22:30:13.809Z", "first_seen_at": "2026-11-30T22:30:13.814548Z", "source_amount": "6720000", "target_amount": "60000", "market_maker_party_id": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853"}], "rounds": {"co_sign_quote": 1, "accept_proposal": 1}, "status": "SETTLED", "answers": [{"cause": "637fccd2ab0bee7a6c859ebad23cd87c", "verdict": "REFER", "question": "accept_proposal", "decided_by": "risk", "request_id": "eec791f3c25e1bcd5f99ca25ad6d4ddb", "decision_id": "637fccd2ab0bee7a6c859ebad23cd87c", "context_sha256": "1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"}, {"cause": "c71d5f3c13597ff5636c9ac3e38d4a67", "verdict": "ACCEPT", "question": "accept_proposal", "refers_to": "637fccd2ab0bee7a6c859ebad23cd87c", "decided_by": "Officer One, Officer Two", "request_id": "eec791f3c25e1bcd5f99ca25ad6d4ddb", "decision_id": "69d95a4b6716cfb8bd7a941f08d7d723", "context_sha256": "1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"}, {"cause": "73b01560a4557eeb3dfdb3d1ef3d3a80", "verdict": "ACCEPT", "question": "co_sign_quote", "quote_id": "e7fee533-1b07-4c16-886b-a937aa3de573", "decided_by": "risk", "request_id": "9e4c5a752e4e0ca93c9d04bf8e05baa0", "decision_id": "73b01560a4557eeb3dfdb3d1ef3d3a80", "context_sha256": "fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3"}], "intent_id": "6432515e-bc62-471e-81db-176fbbcc151c", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "SG", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:14.911804Z", "phase_since": "2026-11-30T22:30:14.945285Z", "first_seen_at": "2026-11-30T22:30:09.152765Z", "order_observed_at": "2026-11-30T22:30:09.191348Z", "compliance_observed_at": "2026-11-30T22:30:09.213178Z"}', '2026-11-30 22:30:14.955357+00', 0, NULL),
	('settlement', 'tokyo/7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "7346bf79-7e43-45d0-b795-ccfefda5f83c", "updated_at": "2026-11-30T22:30:15.104008Z", "first_seen_at": "2026-11-30T22:30:15.050661Z"}', '2026-11-30 22:30:15.177631+00', 2, NULL),
	('settlement', 'tokyo/da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "da428cd9-6ea1-4c07-ada0-7957c4741fe9", "updated_at": "2026-11-30T22:30:15.050661Z", "first_seen_at": "2026-11-30T22:30:15.050661Z"}', '2026-11-30 22:30:15.177641+00', 1, NULL),
	('settlement', 'tokyo/503a0c21-f26f-4d06-bd84-24024c31a9b0', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "503a0c21-f26f-4d06-bd84-24024c31a9b0", "updated_at": "2026-11-30T22:30:27.399307Z", "first_seen_at": "2026-11-30T22:30:27.399307Z"}', '2026-11-30 22:30:27.461897+00', 2, NULL),
	('settlement', 'tokyo/b5d2c6a2-daea-428e-950d-720d8de74a97', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "b5d2c6a2-daea-428e-950d-720d8de74a97", "updated_at": "2026-11-30T22:30:27.631267Z", "first_seen_at": "2026-11-30T22:30:27.631267Z"}', '2026-11-30 22:30:27.709592+00', 0, NULL),
	('settlement', 'tokyo/d5122edc-ca67-4c5e-a7c0-93b222327e05', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "d5122edc-ca67-4c5e-a7c0-93b222327e05", "updated_at": "2026-11-30T22:30:27.631267Z", "first_seen_at": "2026-11-30T22:30:27.631267Z"}', '2026-11-30 22:30:27.723624+00', 1, NULL),
	('risk', 'tokyo/da428cd9-6ea1-4c07-ada0-7957c4741fe9', '{"answered": ["3c6e87eaab50ac927b05a1e20fe6cc7e"]}', '2026-11-30 22:30:15.256265+00', 1, NULL),
	('risk', 'tokyo/7346bf79-7e43-45d0-b795-ccfefda5f83c', '{"answered": ["14c9daeca575f9d66eb17c254fd8b0aa"]}', '2026-11-30 22:30:15.312829+00', 2, NULL),
	('risk', 'tokyo/b5d2c6a2-daea-428e-950d-720d8de74a97', '{"answered": ["8f2346d3e157346b2d82843811ed2138"]}', '2026-11-30 22:30:27.778252+00', 0, NULL),
	('risk', 'tokyo/d5122edc-ca67-4c5e-a7c0-93b222327e05', '{"answered": ["e6c63f0822a28e3d9de0d2b3dd611433"]}', '2026-11-30 22:30:27.802318+00', 1, NULL),
	('risk', 'tokyo/503a0c21-f26f-4d06-bd84-24024c31a9b0', '{"answered": ["5f51d9b53e5c50a85a40206aeed4d6c6", "960982b954a85ca0943dddad7f612834"]}', '2026-11-30 22:30:29.681377+00', 2, NULL),
	('workflow', 'tokyo/b5d2c6a2-daea-428e-950d-720d8de74a97', '{"ask": {"basis": "70def5a0cc013f24427b0d5e64c69925e89f268f44720f5f11b6fb90ddd262b0", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T22:30:27.711459Z", "question": "accept_proposal", "decide_by": "2076-11-17T22:30:25.630000Z", "request_id": "90fc7c280ae6f492d4c564975b80e537", "context_sha256": "1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a"}, "note": "live: decided by risk", "side": "sender", "cause": "8f2346d3e157346b2d82843811ed2138", "order": {"created_at": "2026-11-30T22:30:27.630Z", "expires_at": "2076-11-17T22:30:27.630Z", "target_amount": "1000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "jurisdiction_sender": "KR", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce"}, "phase": "accepting", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "8f2346d3e157346b2d82843811ed2138", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "90fc7c280ae6f492d4c564975b80e537", "decision_id": "8f2346d3e157346b2d82843811ed2138", "context_sha256": "1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a"}], "command": {"kind": "accept_proposal", "quote_id": null, "issued_at": "2026-11-30T22:30:27.794612Z", "not_after": "2076-11-17T22:30:25.630000Z", "command_id": "2b5d8cf245067edce4fbea7c51a5abd7", "decision_id": "8f2346d3e157346b2d82843811ed2138"}, "intent_id": "b5d2c6a2-daea-428e-950d-720d8de74a97", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "KR", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:27.651016Z", "phase_since": "2026-11-30T22:30:27.794612Z", "first_seen_at": "2026-11-30T22:30:27.631267Z", "order_observed_at": "2026-11-30T22:30:27.651016Z", "compliance_observed_at": "2026-11-30T22:30:27.674369Z"}', '2026-11-30 22:30:27.799075+00', 0, NULL),
	('workflow', 'tokyo/d5122edc-ca67-4c5e-a7c0-93b222327e05', '{"ask": {"basis": "c4b19b58a1d385e950f3114ef6722f7a09ee48c833981f02808768a76c14d14c", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T22:30:27.760365Z", "question": "accept_proposal", "decide_by": "2076-11-17T22:30:25.630000Z", "request_id": "6f368387b8459fb7d3328d32c8753db6", "context_sha256": "1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd"}, "note": "live: decided by risk", "side": "sender", "cause": "dcf3de1e9a7a21467aede78c26d2400d", "order": {"created_at": "2026-11-30T22:30:27.630Z", "expires_at": "2076-11-17T22:30:27.630Z", "target_amount": "1000", "sender_party_id": "InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867", "jurisdiction_sender": "JP", "jurisdiction_receiver": "KR", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "phase": "accepting", "venue": "tokyo", "quotes": [{"cause": "dcf3de1e9a7a21467aede78c26d2400d", "status": "OPEN", "fx_rate": "112.0", "noted_at": "2026-11-30T22:30:28.413153Z", "quote_id": "ede8c07b-3621-460c-bac5-3942dcc9e0a8", "observed_at": "2026-11-30T22:30:28.587556Z", "valid_until": "2076-11-17T22:30:28.317Z", "first_seen_at": "2026-11-30T22:30:28.321579Z", "source_amount": "112000", "target_amount": "1000", "market_maker_party_id": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853"}], "rounds": {"accept_proposal": 1}, "status": "PENDING", "answers": [{"cause": "e6c63f0822a28e3d9de0d2b3dd611433", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "6f368387b8459fb7d3328d32c8753db6", "decision_id": "e6c63f0822a28e3d9de0d2b3dd611433", "context_sha256": "1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd"}], "command": {"kind": "accept_proposal", "quote_id": null, "issued_at": "2026-11-30T22:30:27.843008Z", "not_after": "2076-11-17T22:30:25.630000Z", "command_id": "c3c0e0edcf3b5e158ec3b8b4ef3d0070", "decision_id": "e6c63f0822a28e3d9de0d2b3dd611433"}, "intent_id": "d5122edc-ca67-4c5e-a7c0-93b222327e05", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "JP", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "KR", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:27.655173Z", "phase_since": "2026-11-30T22:30:27.843008Z", "first_seen_at": "2026-11-30T22:30:27.631267Z", "order_observed_at": "2026-11-30T22:30:27.655173Z", "compliance_observed_at": "2026-11-30T22:30:27.692665Z"}', '2026-11-30 22:30:28.60474+00', 1, NULL),
	('workflow', 'tokyo/503a0c21-f26f-4d06-bd84-24024c31a9b0', '{"ask": {"basis": "89a656d66d02aae1b8ebff67e87d2dc2005ed6ce4a9244c5825a389263507509", "round": 2, "lacked": ["rates"], "asked_at": "2026-11-30T22:30:29.634519Z", "question": "accept_proposal", "decide_by": "2076-11-17T22:30:25.394000Z", "request_id": "3e3faa0a7a584b913f97dfc7eac84d48", "context_sha256": "08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d"}, "done": [{"kind": "accept_proposal", "cause": "e0a9473fe1d155968db8ba7987014429", "reason": "halted: EURCx/USDCx, by Officer One: a question about this pair", "applied": true, "outcome": "refused", "command_id": "0f770f979cebaeb20a0b0a87a62422dc", "completed_at": "2026-11-30T22:30:27.589146Z"}], "note": "live: decided by risk", "side": "sender", "cause": "960982b954a85ca0943dddad7f612834", "order": {"created_at": "2026-11-30T22:30:27.394Z", "expires_at": "2076-11-17T22:30:27.394Z", "target_amount": "1000", "sender_party_id": "InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f", "source_currency": "EURCx", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "JP", "jurisdiction_receiver": "KR", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a"}, "phase": "accepting", "venue": "tokyo", "rounds": {"accept_proposal": 2}, "status": "PENDING", "answers": [{"cause": "5f51d9b53e5c50a85a40206aeed4d6c6", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "5db395c606e3198d416a111662548327", "decision_id": "5f51d9b53e5c50a85a40206aeed4d6c6", "context_sha256": "08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d"}, {"cause": "960982b954a85ca0943dddad7f612834", "verdict": "ACCEPT", "question": "accept_proposal", "decided_by": "risk", "request_id": "3e3faa0a7a584b913f97dfc7eac84d48", "decision_id": "960982b954a85ca0943dddad7f612834", "context_sha256": "08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d"}], "command": {"kind": "accept_proposal", "quote_id": null, "issued_at": "2026-11-30T22:30:29.696379Z", "not_after": "2076-11-17T22:30:25.394000Z", "command_id": "2fcb4e9b4aee92b8b24714ac9a11eab3", "decision_id": "960982b954a85ca0943dddad7f612834"}, "setbacks": 1, "intent_id": "503a0c21-f26f-4d06-bd84-24024c31a9b0", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "JP", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "KR", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:27.421725Z", "phase_since": "2026-11-30T22:30:29.696379Z", "first_seen_at": "2026-11-30T22:30:27.399307Z", "order_observed_at": "2026-11-30T22:30:27.421725Z", "compliance_observed_at": "2026-11-30T22:30:27.460022Z"}', '2026-11-30 22:30:29.703152+00', 2, NULL),
	('workflow', 'tokyo/db2b37d8-610c-4de4-831b-f6726aa7437f', '{"ask": {"basis": "9444325a7046e1b8ab9179944c3a7ee9192de761000b24612e45eac3f910156a", "round": 1, "lacked": ["rates"], "asked_at": "2026-11-30T22:30:42.172463Z", "question": "accept_proposal", "decide_by": "2076-11-17T22:30:36.701000Z", "request_id": "4171b20c59aaf82b3e3352f17d74539e", "context_sha256": "bb8a7afb9e72ec5735f8af7c94efd1f486ed8dce87e5a257a9fe9a974e52a11e"}, "side": "sender", "cause": "1fe0b1b3a9e16b112cc987d27936ad67", "order": {"created_at": "2026-11-30T22:30:38.701Z", "expires_at": "2076-11-17T22:30:38.701Z", "target_amount": "1000", "sender_party_id": "InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80", "source_currency": "JPYSC0", "target_currency": "USDCx", "receiver_party_id": "InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd", "jurisdiction_sender": "SG", "jurisdiction_receiver": "JP", "sender_custodian_party_id": "CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47", "receiver_custodian_party_id": "CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a"}, "phase": "asking_accept", "venue": "tokyo", "rounds": {"accept_proposal": 1}, "status": "PENDING", "intent_id": "db2b37d8-610c-4de4-831b-f6726aa7437f", "compliance": {"kyc_status": "KYC_VERIFIED", "pep_status": "NOT_PEP", "risk_rating": "LOW", "kyc_provider": "Persona", "purpose_code": "GDDS", "kyc_expires_at": "2027-11-30T00:00:00.000Z", "pep_checked_at": "2026-10-31T00:00:00.000Z", "sanctions_status": "SANCTIONS_CLEARED", "sanctions_provider": "Chainalysis", "jurisdiction_sender": "SG", "beneficiary_vasp_code": "KR-VASP-0001", "jurisdiction_receiver": "JP", "originating_vasp_code": "JP-VASP-0001", "sanctions_list_version": "OFAC-2026-11-29", "sanctions_freshness_window": "24h"}, "updated_at": "2026-11-30T22:30:38.814274Z", "phase_since": "2026-11-30T22:30:42.172463Z", "first_seen_at": "2026-11-30T22:30:38.695983Z", "order_observed_at": "2026-11-30T22:30:38.814274Z", "compliance_observed_at": "2026-11-30T22:30:38.860470Z"}', '2026-11-30 22:30:42.196817+00', 0, '2076-11-17 22:30:36.701+00'),
	('settlement', 'tokyo/db2b37d8-610c-4de4-831b-f6726aa7437f', '{"side": "sender", "venue": "tokyo", "status": "PENDING", "intent_id": "db2b37d8-610c-4de4-831b-f6726aa7437f", "updated_at": "2026-11-30T22:30:38.695983Z", "first_seen_at": "2026-11-30T22:30:38.695983Z"}', '2026-11-30 22:30:42.29772+00', 0, NULL);
INSERT INTO custodian.venue_parties VALUES
	('tokyo', 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', '2026-11-30 22:30:03.685958+00');
INSERT INTO custodian.venues VALUES
	('tokyo', false, '2026-11-30 22:30:42.726019+00', '2026-11-30 22:30:41.795974+00', 'before-19014-ingest', '2026-11-30 22:30:43.114367+00', NULL, NULL, 1, '2026-11-30 22:30:41.590898+00', '2026-11-30 22:30:41.631156+00', 0, NULL);
INSERT INTO ledger.accounts OVERRIDING SYSTEM VALUE VALUES
	(1, 'client_liability:tokyo:InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2:USDCx', 'client_liability', 'tokyo', 'InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2', 'USDCx', 18, '2026-11-30 22:30:06.166662+00'),
	(2, 'custody_asset:tokyo:USDCx', 'custody_asset', 'tokyo', NULL, 'USDCx', 18, '2026-11-30 22:30:06.16697+00'),
	(3, 'client_liability:tokyo:InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd:USDCx', 'client_liability', 'tokyo', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'USDCx', 18, '2026-11-30 22:30:06.259036+00'),
	(4, 'client_liability:tokyo:InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867:JPYSC0', 'client_liability', 'tokyo', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', 'JPYSC0', 18, '2026-11-30 22:30:09.09998+00'),
	(5, 'custody_asset:tokyo:JPYSC0', 'custody_asset', 'tokyo', NULL, 'JPYSC0', 18, '2026-11-30 22:30:09.100042+00'),
	(6, 'client_liability:tokyo:InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80:JPYSC0', 'client_liability', 'tokyo', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'JPYSC0', 18, '2026-11-30 22:30:15.003222+00');
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
	('USDCx', 18, DEFAULT, '2026-11-30 22:30:06.158701+00'),
	('JPYSC0', 18, DEFAULT, '2026-11-30 22:30:09.098856+00');
INSERT INTO ledger.entries VALUES
	('4e0db88e-806d-8937-b2db-55fa734a2f6a', 'settlement', 2, 'tokyo', 'da21673b-7fe3-4591-bd0a-2fb2092a21b0', '8686c452b3e6ef474240218818d998f1f8b10f1701594568b2fecd157da37ee4', '2026-11-30 22:30:03.982+00', '2026-11-30 22:30:06.145674+00', NULL, NULL, 'before.custody.order-settled.v1', 1, 0, '89e7648154c1d22e2e64a586377a12a1', 'receiver', 'JPYSC0', 11200000, 'USDCx', 100000, 112.0, 'CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce', 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'InstitutionC::1220955259e7d2eedbaeac07549f76dcf2a2185ed31749271fc180cf2f8cc5eb951a', 'InstitutionE::12204e0e4c0ef80fccbf56a5de9847ceab81abcf911e63d2d42ada974ed91b5e2be2', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', 'iN\236\240\377!\206\270\\\341N\224\377H0\357\014\246\231N\334\324\247M\223\241E=\253\206,D', '\351\373\213M\005\316\270\206\337\354QQ\326\0175\333\331\352\332lXft\222\032\034\035\011<jlF', '2026-11-30 22:30:04.001673+00'),
	('5c696883-4be3-8651-aef8-69d2a13a9fd7', 'settlement', 2, 'tokyo', 'bdb79ca8-0a40-44f4-bc93-bf76f098af18', '5b2ae39b31d3fc57a3e7f09dd54ac6cde1c31fe2545bac075bafab0776e8cbfe', '2026-11-30 22:30:03.982+00', '2026-11-30 22:30:06.249627+00', NULL, NULL, 'before.custody.order-settled.v1', 2, 0, '39f4469cd732d880a770fe1184591ead', 'receiver', 'JPYSC0', 11200000, 'USDCx', 100000, 112.0, 'CustodianB::1220ef3410700fa1362b4d841bdcbaa3226a74a06980e52a619f07066ab7d0ec79aa', 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '\272\025\364\247\212/\021\265;\200\245o)\311x\274J\255{\221\177\225\260\370\310\322Y\302% \017^', '\232\345\215\206wT\201\314p\023%\350\302\365\355\005\\\032\2161/AP\255I\233\246w\374\345\371\247', '2026-11-30 22:30:04.001673+00'),
	('ce19b9f6-cbd8-84ce-a706-e9696ba508f0', 'settlement', 2, 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', '4abdbb4e139e41bb1356839597a22338f1da27e17e6744c17ec15896d798ad09', '2026-11-30 22:30:08.986+00', '2026-11-30 22:30:09.087152+00', NULL, NULL, 'before.custody.order-settled.v1', 2, 1, 'da48c4db1735ffaddd87911300d38c77', 'sender', 'JPYSC0', 112000, 'USDCx', 1000, 112.0, 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '\212t\026\002\237\210?\027\010''7\336(\202a\021\201A"\313\266\207\360\264)\244")\317\322\001\034', '\360\203''\2224SCH\256W\250\314\376\372\265Dr\247\002\242_h\007\315{\011/\013uO3\326', '2026-11-30 22:30:08.992258+00'),
	('32e48118-453e-8801-82aa-8b83327a7410', 'settlement', 2, 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', '5dda93c8b3d36fe44e93f8cc7967331fb9dbdddfa61ebd7586859b7753e01b18', '2026-11-30 22:30:14.903+00', '2026-11-30 22:30:14.998915+00', NULL, NULL, 'before.custody.order-settled.v1', 0, 0, 'e737f661067bc894bc7235ba5233c284', 'sender', 'JPYSC0', 6720000, 'USDCx', 60000, 112.0, 'CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47', 'CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '\014\324\227\035\260\343\253 l\276v\277#\373E~\205n\351\204\027X\253\003\011/C\002R\026\315\302', '\203Bb\206\033\0224F\274\223x\021\274\341\306\213\342,\343\334\231\013\301O:m\362\345\035[\237\262', '2026-11-30 22:30:14.911804+00');
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
	('df824a52c4b23dcc97921cb12bb5f6b5', 1, '94f0f7fc4b030b67872a552d90373d7f', 'd482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:06.465582+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"d482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:02.000000Z"},"limit":"before decide_by","observed":"1576799995.534s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:04.000Z"},"limit":"before expires_at","observed":"1576799997.534s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"df824a52c4b23dcc97921cb12bb5f6b5","request_id":"94f0f7fc4b030b67872a552d90373d7f","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:06.465582Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"d482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:02.000000Z"},"limit":"before decide_by","observed":"1576799995.534s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:04.000Z"},"limit":"before expires_at","observed":"1576799997.534s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"d482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3","approvers_needed":0}', 'df824a52c4b23dcc97921cb12bb5f6b5', '2026-11-30 22:30:06.581853+00'),
	('30318e3f60c3b020f3512852c3ef1761', 2, 'e67ace514ce60760fac80a7a341e5d49', 'e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', '0040d885-edef-4b88-ad56-4387894ceb9f', 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:08.278002+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:04.000000Z"},"limit":"before decide_by","observed":"1576799995.721s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:04.000Z"},"limit":"before expires_at","observed":"1576799995.721s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","valid_until":"2076-11-17T22:30:07.641Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.362s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","target_amount":"1000","required_source":"112000","quote.source_amount":"112000","quote.target_amount":"1000"},"limit":"target amount x rate","observed":"112000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote 0040d885-edef-4b88-ad56-4387894ceb9f":"source 112000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T22:30:07.641Z; chosen"},"limit":"lowest source amount","observed":"112000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}]', NULL, '{"decision_id":"30318e3f60c3b020f3512852c3ef1761","request_id":"e67ace514ce60760fac80a7a341e5d49","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"co_sign_quote","quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:08.278002Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:04.000000Z"},"limit":"before decide_by","observed":"1576799995.721s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:04.000Z"},"limit":"before expires_at","observed":"1576799995.721s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","valid_until":"2076-11-17T22:30:07.641Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.362s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","target_amount":"1000","required_source":"112000","quote.source_amount":"112000","quote.target_amount":"1000"},"limit":"target amount x rate","observed":"112000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote 0040d885-edef-4b88-ad56-4387894ceb9f":"source 112000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T22:30:07.641Z; chosen"},"limit":"lowest source amount","observed":"112000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db","approvers_needed":0}', '30318e3f60c3b020f3512852c3ef1761', '2026-11-30 22:30:08.375665+00'),
	('637fccd2ab0bee7a6c859ebad23cd87c', 3, 'eec791f3c25e1bcd5f99ca25ad6d4ddb', '1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, 'REFER', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:09.339287+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","observed":"1576799997.808s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799999.808s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"637fccd2ab0bee7a6c859ebad23cd87c","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:09.339287Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","observed":"1576799997.808s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799999.808s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8","approvers_needed":2}', '637fccd2ab0bee7a6c859ebad23cd87c', '2026-11-30 22:30:09.389313+00'),
	('69d95a4b6716cfb8bd7a941f08d7d723', 4, 'eec791f3c25e1bcd5f99ca25ad6d4ddb', '1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'Officer One, Officer Two', '2026-11-30 22:30:12.947692+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","observed":"1576799997.808s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799999.808s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', '637fccd2ab0bee7a6c859ebad23cd87c', '{"decision_id":"69d95a4b6716cfb8bd7a941f08d7d723","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"Officer One, Officer Two","decided_at":"2026-11-30T22:30:12.947692Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","observed":"1576799997.808s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799999.808s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8","approvers_needed":0,"refers_to":"637fccd2ab0bee7a6c859ebad23cd87c"}', 'c71d5f3c13597ff5636c9ac3e38d4a67', '2026-11-30 22:30:13.332266+00'),
	('73b01560a4557eeb3dfdb3d1ef3d3a80', 5, '9e4c5a752e4e0ca93c9d04bf8e05baa0', 'fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'e7fee533-1b07-4c16-886b-a937aa3de573', 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:14.359753+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:09.148000Z"},"limit":"before decide_by","observed":"1576799994.788s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799994.788s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T22:30:13.809Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.449s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000","quote.source_amount":"6720000","quote.target_amount":"60000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T22:30:13.809Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}]', NULL, '{"decision_id":"73b01560a4557eeb3dfdb3d1ef3d3a80","request_id":"9e4c5a752e4e0ca93c9d04bf8e05baa0","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"co_sign_quote","quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:14.359753Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:09.148000Z"},"limit":"before decide_by","observed":"1576799994.788s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799994.788s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T22:30:13.809Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.449s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000","quote.source_amount":"6720000","quote.target_amount":"60000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T22:30:13.809Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3","approvers_needed":0}', '73b01560a4557eeb3dfdb3d1ef3d3a80', '2026-11-30 22:30:14.400676+00'),
	('3c6e87eaab50ac927b05a1e20fe6cc7e', 6, 'fb9b1c4914d547683211f18906919906', '7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5', 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', NULL, 'REFER', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:15.239204+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.045000Z"},"limit":"before decide_by","observed":"1576799997.805s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.045Z"},"limit":"before expires_at","observed":"1576799999.805s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"3c6e87eaab50ac927b05a1e20fe6cc7e","request_id":"fb9b1c4914d547683211f18906919906","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:15.239204Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.045000Z"},"limit":"before decide_by","observed":"1576799997.805s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.045Z"},"limit":"before expires_at","observed":"1576799999.805s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5","approvers_needed":2}', '3c6e87eaab50ac927b05a1e20fe6cc7e', '2026-11-30 22:30:15.273379+00'),
	('14c9daeca575f9d66eb17c254fd8b0aa', 7, 'ec810f883615c6a2b759da1cfc47796b', '81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c', 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', NULL, 'REFER', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:15.303242+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.049000Z"},"limit":"before decide_by","observed":"1576799997.745s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.049Z"},"limit":"before expires_at","observed":"1576799999.745s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"14c9daeca575f9d66eb17c254fd8b0aa","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:15.303242Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.049000Z"},"limit":"before decide_by","observed":"1576799997.745s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.049Z"},"limit":"before expires_at","observed":"1576799999.745s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c","approvers_needed":2}', '14c9daeca575f9d66eb17c254fd8b0aa', '2026-11-30 22:30:15.332577+00'),
	('5f51d9b53e5c50a85a40206aeed4d6c6', 8, '5db395c606e3198d416a111662548327', '08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:27.529256+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.394000Z"},"limit":"before decide_by","observed":"1576799997.864s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.394Z"},"limit":"before expires_at","observed":"1576799999.864s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"5f51d9b53e5c50a85a40206aeed4d6c6","request_id":"5db395c606e3198d416a111662548327","venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:27.529256Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.394000Z"},"limit":"before decide_by","observed":"1576799997.864s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.394Z"},"limit":"before expires_at","observed":"1576799999.864s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d","approvers_needed":0}', '5f51d9b53e5c50a85a40206aeed4d6c6', '2026-11-30 22:30:27.544889+00'),
	('8f2346d3e157346b2d82843811ed2138', 9, '90fc7c280ae6f492d4c564975b80e537', '1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a', 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:27.765915+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.630000Z"},"limit":"before decide_by","observed":"1576799997.864s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.630Z"},"limit":"before expires_at","observed":"1576799999.864s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"8f2346d3e157346b2d82843811ed2138","request_id":"90fc7c280ae6f492d4c564975b80e537","venue":"tokyo","intent_id":"b5d2c6a2-daea-428e-950d-720d8de74a97","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:27.765915Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.630000Z"},"limit":"before decide_by","observed":"1576799997.864s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.630Z"},"limit":"before expires_at","observed":"1576799999.864s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a","approvers_needed":0}', '8f2346d3e157346b2d82843811ed2138', '2026-11-30 22:30:27.783126+00'),
	('e6c63f0822a28e3d9de0d2b3dd611433', 10, '6f368387b8459fb7d3328d32c8753db6', '1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd', 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', NULL, 'ACCEPT', '{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"}', 'risk', '2026-11-30 22:30:27.794317+00', '[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.630000Z"},"limit":"before decide_by","observed":"1576799997.835s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.630Z"},"limit":"before expires_at","observed":"1576799999.835s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"1000"},"limit":"200000 USDCx per venue","observed":"2000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}]', NULL, '{"decision_id":"e6c63f0822a28e3d9de0d2b3dd611433","request_id":"6f368387b8459fb7d3328d32c8753db6","venue":"tokyo","intent_id":"d5122edc-ca67-4c5e-a7c0-93b222327e05","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:27.794317Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.630000Z"},"limit":"before decide_by","observed":"1576799997.835s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.630Z"},"limit":"before expires_at","observed":"1576799999.835s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"1000"},"limit":"200000 USDCx per venue","observed":"2000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"1000"},"context_sha256":"1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd","approvers_needed":0}', 'e6c63f0822a28e3d9de0d2b3dd611433', '2026-11-30 22:30:27.836534+00');
INSERT INTO risk.approvals VALUES
	('637fccd2ab0bee7a6c859ebad23cd87c', 'officer one', 'Officer One', 'approve', '5bf02b61f3a6a67791d55fe109eb123d1461bb5b02236b0a2c772f40f534c9c0', 'looked at', '2026-11-30 22:30:11.363415+00'),
	('637fccd2ab0bee7a6c859ebad23cd87c', 'officer two', 'Officer Two', 'approve', '5bf02b61f3a6a67791d55fe109eb123d1461bb5b02236b0a2c772f40f534c9c0', 'looked at', '2026-11-30 22:30:12.947692+00'),
	('3c6e87eaab50ac927b05a1e20fe6cc7e', 'officer one', 'Officer One', 'approve', 'b7dfc537fd57dd8c9be4e11396ff3a67348fbd9da956999c697f30deb97e46df', 'looked at', '2026-11-30 22:30:20.84711+00'),
	('14c9daeca575f9d66eb17c254fd8b0aa', 'officer one', 'Officer One', 'approve', '2b116125f650038d0643cc3198b97cd005815e2a4d92698c77824fbd56d71f3e', 'looked at', '2026-11-30 22:30:25.190145+00'),
	('14c9daeca575f9d66eb17c254fd8b0aa', 'officer two', 'Officer Two', 'approve', '2b116125f650038d0643cc3198b97cd005815e2a4d92698c77824fbd56d71f3e', 'looked at', '2026-11-30 22:30:29.529516+00');
INSERT INTO risk.decisions VALUES
	('94f0f7fc4b030b67872a552d90373d7f', 'd482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3', 'df824a52c4b23dcc97921cb12bb5f6b5', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', 'ACCEPT', '{"decision_id":"df824a52c4b23dcc97921cb12bb5f6b5","request_id":"94f0f7fc4b030b67872a552d90373d7f","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:06.465582Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"d482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:02.000000Z"},"limit":"before decide_by","observed":"1576799995.534s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:04.000Z"},"limit":"before expires_at","observed":"1576799997.534s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"d482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3","approvers_needed":0}', '{}', '2026-11-30 22:30:06.465582+00'),
	('e67ace514ce60760fac80a7a341e5d49', 'e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db', '30318e3f60c3b020f3512852c3ef1761', 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', 'ACCEPT', '{"decision_id":"30318e3f60c3b020f3512852c3ef1761","request_id":"e67ace514ce60760fac80a7a341e5d49","venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","question":"co_sign_quote","quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:08.278002Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:04.000000Z"},"limit":"before decide_by","observed":"1576799995.721s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:04.000Z"},"limit":"before expires_at","observed":"1576799995.721s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","valid_until":"2076-11-17T22:30:07.641Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.362s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","target_amount":"1000","required_source":"112000","quote.source_amount":"112000","quote.target_amount":"1000"},"limit":"target amount x rate","observed":"112000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote 0040d885-edef-4b88-ad56-4387894ceb9f":"source 112000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T22:30:07.641Z; chosen"},"limit":"lowest source amount","observed":"112000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db","approvers_needed":0}', '{"0040d885-edef-4b88-ad56-4387894ceb9f": {"market_maker": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853", "source_amount": "112000"}}', '2026-11-30 22:30:08.278002+00'),
	('eec791f3c25e1bcd5f99ca25ad6d4ddb', '1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8', '637fccd2ab0bee7a6c859ebad23cd87c', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', 'REFER', '{"decision_id":"637fccd2ab0bee7a6c859ebad23cd87c","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:09.339287Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","observed":"1576799997.808s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799999.808s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8","approvers_needed":2}', '{}', '2026-11-30 22:30:09.339287+00'),
	('9e4c5a752e4e0ca93c9d04bf8e05baa0', 'fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3', '73b01560a4557eeb3dfdb3d1ef3d3a80', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 'ACCEPT', '{"decision_id":"73b01560a4557eeb3dfdb3d1ef3d3a80","request_id":"9e4c5a752e4e0ca93c9d04bf8e05baa0","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"co_sign_quote","quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:14.359753Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:09.148000Z"},"limit":"before decide_by","observed":"1576799994.788s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799994.788s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"built in: quote still valid","check":"quote_valid","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","valid_until":"2076-11-17T22:30:13.809Z","status":"OPEN"},"limit":"before valid_until","observed":"1576799999.449s left","explanation":"The quote is valid and open."},{"name":"built in: quote agrees with the order","check":"quote_agrees","verdict":"PASS","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","target_amount":"60000","required_source":"6720000","quote.source_amount":"6720000","quote.target_amount":"60000"},"limit":"target amount x rate","observed":"6720000","explanation":"What the quote states agrees with the order: source amount = target amount x rate."},{"name":"built in: cost guard","check":"cost_guard","verdict":"NOT_APPLICABLE","inputs":{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573"},"limit":"source_amount_max","explanation":"What the sender pays by the quote is at most the order''s maximum. Here: the order has no maximum."},{"name":"cheapest quote","check":"best_execution","verdict":"PASS","inputs":{"quote e7fee533-1b07-4c16-886b-a937aa3de573":"source 6720000, rate 112.0, by MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853, until 2076-11-17T22:30:13.809Z; chosen"},"limit":"lowest source amount","observed":"6720000","explanation":"The quote with the lowest source amount is chosen; between equal ones a person chooses, unless the rule says how."}],"counters":{},"context_sha256":"fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3","approvers_needed":0}', '{"e7fee533-1b07-4c16-886b-a937aa3de573": {"market_maker": "MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853", "source_amount": "6720000"}}', '2026-11-30 22:30:14.359753+00'),
	('fb9b1c4914d547683211f18906919906', '7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5', '3c6e87eaab50ac927b05a1e20fe6cc7e', 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', 'REFER', '{"decision_id":"3c6e87eaab50ac927b05a1e20fe6cc7e","request_id":"fb9b1c4914d547683211f18906919906","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:15.239204Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.045000Z"},"limit":"before decide_by","observed":"1576799997.805s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.045Z"},"limit":"before expires_at","observed":"1576799999.805s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5","approvers_needed":2}', '{}', '2026-11-30 22:30:15.239204+00'),
	('ec810f883615c6a2b759da1cfc47796b', '81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c', '14c9daeca575f9d66eb17c254fd8b0aa', 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', 'REFER', '{"decision_id":"14c9daeca575f9d66eb17c254fd8b0aa","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:15.303242Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.049000Z"},"limit":"before decide_by","observed":"1576799997.745s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.049Z"},"limit":"before expires_at","observed":"1576799999.745s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c","approvers_needed":2}', '{}', '2026-11-30 22:30:15.303242+00'),
	('5db395c606e3198d416a111662548327', '08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d', '5f51d9b53e5c50a85a40206aeed4d6c6', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', 'ACCEPT', '{"decision_id":"5f51d9b53e5c50a85a40206aeed4d6c6","request_id":"5db395c606e3198d416a111662548327","venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:27.529256Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.394000Z"},"limit":"before decide_by","observed":"1576799997.864s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.394Z"},"limit":"before expires_at","observed":"1576799999.864s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d","approvers_needed":0}', '{}', '2026-11-30 22:30:27.529256+00'),
	('90fc7c280ae6f492d4c564975b80e537', '1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a', '8f2346d3e157346b2d82843811ed2138', 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', 'ACCEPT', '{"decision_id":"8f2346d3e157346b2d82843811ed2138","request_id":"90fc7c280ae6f492d4c564975b80e537","venue":"tokyo","intent_id":"b5d2c6a2-daea-428e-950d-720d8de74a97","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:27.765915Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.630000Z"},"limit":"before decide_by","observed":"1576799997.864s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.630Z"},"limit":"before expires_at","observed":"1576799999.864s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"1000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a","approvers_needed":0}', '{}', '2026-11-30 22:30:27.765915+00'),
	('6f368387b8459fb7d3328d32c8753db6', '1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd', 'e6c63f0822a28e3d9de0d2b3dd611433', 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', 'ACCEPT', '{"decision_id":"e6c63f0822a28e3d9de0d2b3dd611433","request_id":"6f368387b8459fb7d3328d32c8753db6","venue":"tokyo","intent_id":"d5122edc-ca67-4c5e-a7c0-93b222327e05","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:27.794317Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.630000Z"},"limit":"before decide_by","observed":"1576799997.835s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.630Z"},"limit":"before expires_at","observed":"1576799999.835s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"1000"},"limit":"200000 USDCx per venue","observed":"2000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"1000"},"context_sha256":"1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd","approvers_needed":0}', '{}', '2026-11-30 22:30:27.794317+00'),
	('3e3faa0a7a584b913f97dfc7eac84d48', '08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d', '960982b954a85ca0943dddad7f612834', 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', 'ACCEPT', '{"decision_id":"960982b954a85ca0943dddad7f612834","request_id":"3e3faa0a7a584b913f97dfc7eac84d48","venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","question":"accept_proposal","verdict":"ACCEPT","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:29.665247Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"1000","context_sha256":"08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:25.394000Z"},"limit":"before decide_by","observed":"1576799995.728s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:27.394Z"},"limit":"before expires_at","observed":"1576799997.728s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"PASS","inputs":{"target_amount":"1000","currency":"USDCx"},"limit":"50000 USDCx","observed":"1000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"1000","exposure of target USDCx per venue tokyo":"2000"},"limit":"200000 USDCx per venue","observed":"3000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"2000"},"context_sha256":"08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d","approvers_needed":0}', '{}', '2026-11-30 22:30:29.665247+00');
INSERT INTO risk.ended VALUES
	('tokyo', 'bdb79ca8-0a40-44f4-bc93-bf76f098af18', 'SETTLED', '2026-11-30 22:30:06.596169+00'),
	('tokyo', 'da21673b-7fe3-4591-bd0a-2fb2092a21b0', 'SETTLED', '2026-11-30 22:30:06.607373+00'),
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'SETTLED', '2026-11-30 22:30:09.034844+00'),
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'SETTLED', '2026-11-30 22:30:14.955588+00');
INSERT INTO risk.exposures VALUES
	('tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'settled', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', '0040d885-edef-4b88-ad56-4387894ceb9f', 1000, NULL, 112000.0, '2026-11-30 22:30:06.465582+00', '2026-11-30 22:30:06.465582+00', 'df824a52c4b23dcc97921cb12bb5f6b5', '30318e3f60c3b020f3512852c3ef1761', '{}', '2026-11-30 22:30:09.037827+00'),
	('tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'settled', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', 'MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853', 'e7fee533-1b07-4c16-886b-a937aa3de573', 60000, NULL, 6720000.0, '2026-11-30 22:30:09.339287+00', '2026-11-30 22:30:13.352424+00', '69d95a4b6716cfb8bd7a941f08d7d723', '73b01560a4557eeb3dfdb3d1ef3d3a80', '{}', '2026-11-30 22:30:14.957937+00'),
	('tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'asked', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', NULL, NULL, 60000, NULL, NULL, '2026-11-30 22:30:15.239204+00', NULL, NULL, NULL, '{}', '2026-11-30 22:30:15.246044+00'),
	('tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'asked', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa', 'InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b', NULL, NULL, 60000, NULL, NULL, '2026-11-30 22:30:15.303242+00', NULL, NULL, NULL, '{}', '2026-11-30 22:30:15.307732+00'),
	('tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'reserved', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80', 'InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f', NULL, NULL, 1000, NULL, NULL, '2026-11-30 22:30:27.765915+00', '2026-11-30 22:30:27.765915+00', '8f2346d3e157346b2d82843811ed2138', NULL, '{}', '2026-11-30 22:30:27.775677+00'),
	('tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'reserved', 'JPYSC0/USDCx', 'JPYSC0', 'USDCx', 'InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b', 'InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867', NULL, NULL, 1000, NULL, NULL, '2026-11-30 22:30:27.794317+00', '2026-11-30 22:30:27.794317+00', 'e6c63f0822a28e3d9de0d2b3dd611433', NULL, '{}', '2026-11-30 22:30:27.799445+00'),
	('tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'reserved', 'EURCx/USDCx', 'EURCx', 'USDCx', 'InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f', 'InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd', NULL, NULL, 1000, NULL, NULL, '2026-11-30 22:30:27.529256+00', '2026-11-30 22:30:29.665247+00', '960982b954a85ca0943dddad7f612834', NULL, '{5f51d9b53e5c50a85a40206aeed4d6c6}', '2026-11-30 22:30:29.678458+00');
INSERT INTO risk.questions OVERRIDING SYSTEM VALUE VALUES
	('94f0f7fc4b030b67872a552d90373d7f', 'd482a4bb8312d618be682d323b07ca04fd16dbe356ec897576fb3873b224fbc3', 1, 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","side":"sender","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T22:30:04.000Z","expires_at":"2076-11-17T22:30:04.000Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:06.184791+00', '2076-11-17 22:30:02+00', '9400459687f85d7d7958fb8369bfe01d', '2026-11-30 22:30:06.258894+00'),
	('e67ace514ce60760fac80a7a341e5d49', 'e5b1c4e8dbea6806cb341258017213887d6ab59e92a2efc468bacb70b89d44db', 2, 'tokyo', '8508ce4d-2919-49ae-a31f-5d5d22a2faa5', 'co_sign_quote', 1, '{"venue":"tokyo","intent_id":"8508ce4d-2919-49ae-a31f-5d5d22a2faa5","side":"sender","sender_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","receiver_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T22:30:04.000Z","expires_at":"2076-11-17T22:30:04.000Z","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","quotes":[{"quote_id":"0040d885-edef-4b88-ad56-4387894ceb9f","fx_rate":"112.0","source_amount":"112000","target_amount":"1000","valid_until":"2076-11-17T22:30:07.641Z","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","status":"OPEN","first_seen_at":"2026-11-30T22:30:07.647869Z","agrees":true}],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"SG","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:08.175713+00', '2076-11-17 22:30:04+00', 'c7bee7cbeb45728734feebd1f4f42ce3', '2026-11-30 22:30:08.232769+00'),
	('eec791f3c25e1bcd5f99ca25ad6d4ddb', '1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8', 3, 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","side":"sender","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T22:30:09.148Z","expires_at":"2076-11-17T22:30:09.148Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:09.295579+00', '2076-11-17 22:30:07.148+00', '7c1405e2ac9fdd132804b6c55afef781', '2026-11-30 22:30:09.343731+00'),
	('9e4c5a752e4e0ca93c9d04bf8e05baa0', 'fe78c98833f1f32ca216f121c4834a43a7d5132086d264d39de08581f3adcbc3', 4, 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'co_sign_quote', 1, '{"venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","side":"sender","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T22:30:09.148Z","expires_at":"2076-11-17T22:30:09.148Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","quotes":[{"quote_id":"e7fee533-1b07-4c16-886b-a937aa3de573","fx_rate":"112.0","source_amount":"6720000","target_amount":"60000","valid_until":"2076-11-17T22:30:13.809Z","market_maker_party_id":"MarketMakerA::1220a9d3e07cf66255b68e7125de6099b0e555cc180289ffa962916297ce06515853","status":"OPEN","first_seen_at":"2026-11-30T22:30:13.814548Z","agrees":true}],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:14.329493+00', '2076-11-17 22:30:09.148+00', '1a3d79f0a446697ccf621a006cd576d5', '2026-11-30 22:30:14.356784+00'),
	('fb9b1c4914d547683211f18906919906', '7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5', 5, 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","side":"sender","sender_party_id":"InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T22:30:15.045Z","expires_at":"2076-11-17T22:30:15.045Z","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"SG","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:15.184221+00', '2076-11-17 22:30:13.045+00', 'c7a91efcf132f65e121d695e0b6d448a', '2026-11-30 22:30:15.221068+00'),
	('ec810f883615c6a2b759da1cfc47796b', '81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c', 6, 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","side":"sender","sender_party_id":"InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa","receiver_party_id":"InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"60000","created_at":"2026-11-30T22:30:15.049Z","expires_at":"2076-11-17T22:30:15.049Z","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:15.216549+00', '2076-11-17 22:30:13.049+00', '999f5aeb105ae2def6837235dbffcd7b', '2026-11-30 22:30:15.250087+00'),
	('5db395c606e3198d416a111662548327', '08a6c9b444487197d74634de23d54edc93096f562689b96f31d5ecae1841946d', 7, 'tokyo', '503a0c21-f26f-4d06-bd84-24024c31a9b0', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"503a0c21-f26f-4d06-bd84-24024c31a9b0","side":"sender","sender_party_id":"InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"EURCx","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T22:30:27.394Z","expires_at":"2076-11-17T22:30:27.394Z","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:27.507223+00', '2076-11-17 22:30:25.394+00', 'dc3cd7fbb091c80799f0a9421e6943cb', '2026-11-30 22:30:27.520173+00'),
	('90fc7c280ae6f492d4c564975b80e537', '1dd7ef0eb0100a923caf763798bcf822f7f48ad253a378bbd59c97da4c21119a', 8, 'tokyo', 'b5d2c6a2-daea-428e-950d-720d8de74a97', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"b5d2c6a2-daea-428e-950d-720d8de74a97","side":"sender","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","receiver_party_id":"InstitutionF::1220bcd1316b39cac08626168ecb7f65bceb7c93a6fd3abab87864d0d03fa3ec826f","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T22:30:27.630Z","expires_at":"2076-11-17T22:30:27.630Z","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"KR","jurisdiction_receiver":"JP","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:27.711459+00', '2076-11-17 22:30:25.63+00', '9e54e1c59bd15337f64924ada51f2597', '2026-11-30 22:30:27.748311+00'),
	('6f368387b8459fb7d3328d32c8753db6', '1ef2e3fc5fb005bea9a69faccb5c11b0d971230e77c6009180341f11dd450acd', 9, 'tokyo', 'd5122edc-ca67-4c5e-a7c0-93b222327e05', 'accept_proposal', 1, '{"venue":"tokyo","intent_id":"d5122edc-ca67-4c5e-a7c0-93b222327e05","side":"sender","sender_party_id":"InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b","receiver_party_id":"InstitutionH::12200a5648d87137ec9c0fe3a996e93b4832e12a557141336a7db8724a2903425867","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","receiver_custodian_party_id":"CustodianE::12200ff587ca22a7e389afaf99aebf2ca095fe267db00a32dad44499bf1dba00242a","source_currency":"JPYSC0","target_currency":"USDCx","target_amount":"1000","created_at":"2026-11-30T22:30:27.630Z","expires_at":"2076-11-17T22:30:27.630Z","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","quotes":[],"rates":[],"compliance":{"kyc_status":"KYC_VERIFIED","kyc_provider":"Persona","kyc_expires_at":"2027-11-30T00:00:00.000Z","sanctions_status":"SANCTIONS_CLEARED","sanctions_provider":"Chainalysis","sanctions_list_version":"OFAC-2026-11-29","sanctions_freshness_window":"24h","risk_rating":"LOW","pep_status":"NOT_PEP","pep_checked_at":"2026-10-31T00:00:00.000Z","purpose_code":"GDDS","jurisdiction_sender":"JP","jurisdiction_receiver":"KR","originating_vasp_code":"JP-VASP-0001","beneficiary_vasp_code":"KR-VASP-0001"}}', '2026-11-30 22:30:27.760365+00', '2076-11-17 22:30:25.63+00', '8ae318c84461c23781e5e5bd96921f83', '2026-11-30 22:30:27.768837+00');
INSERT INTO risk.referrals VALUES
	('637fccd2ab0bee7a6c859ebad23cd87c', 'eec791f3c25e1bcd5f99ca25ad6d4ddb', 'tokyo', '6432515e-bc62-471e-81db-176fbbcc151c', 'accept_proposal', NULL, '1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8', '{"approvers_needed":2,"compliance":{"beneficiary_vasp_code":"KR-VASP-0001","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_provider":"Persona","kyc_status":"KYC_VERIFIED","originating_vasp_code":"JP-VASP-0001","pep_checked_at":"2026-10-31T00:00:00.000Z","pep_status":"NOT_PEP","purpose_code":"GDDS","risk_rating":"LOW","sanctions_freshness_window":"24h","sanctions_list_version":"OFAC-2026-11-29","sanctions_provider":"Chainalysis","sanctions_status":"SANCTIONS_CLEARED"},"context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8","counters":{"exposure of target USDCx per venue tokyo":"0"},"decide_by":"2076-11-17T22:30:07.148000Z","decided_at":"2026-11-30T22:30:09.339287Z","decided_by":"risk","decision_id":"637fccd2ab0bee7a6c859ebad23cd87c","expires_at":"2027-12-01T22:30:09.389313Z","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","order":{"created_at":"2026-11-30T22:30:09.148Z","expires_at":"2076-11-17T22:30:09.148Z","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","receiver_custodian_party_id":"CustodianD::122026a98f8476ac68caa0ae0f36563ab600084904fdcaade003ae152c030f32d0ce","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","sender_party_id":"InstitutionJ::12207a22f92a5d54008c8f915b577de0b700482a3bb2de3d409cfa727b683b8c1f80","side":"sender","source_currency":"JPYSC0","target_amount":"60000","target_currency":"USDCx","venue":"tokyo"},"policy":{"name":"before","sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308","version":1},"question":"accept_proposal","quotes":[],"rates":[],"request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","requested_at":"2026-11-30T22:30:09.295579Z","round":1,"rules":[{"check":"question_whole","explanation":"The question holds what it was asked about.","inputs":{"context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8","target_amount":"60000"},"name":"built in: the question is whole","verdict":"PASS"},{"check":"in_time","explanation":"An accept would still have an effect.","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","name":"built in: asked in time","observed":"1576799997.808s left","verdict":"PASS"},{"check":"order_open","explanation":"The order has not ended or expired.","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","name":"built in: order still open","observed":"1576799999.808s left","verdict":"PASS"},{"check":"sender_custodian","explanation":"Only the sender''s custodian may accept.","inputs":{"side":"sender"},"limit":"sender or both","name":"built in: we are the sender''s custodian","observed":"sender","verdict":"PASS"},{"check":"kyc_status","explanation":"The sender''s KYC has a good status and stays valid long enough.","inputs":{"kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_status":"KYC_VERIFIED"},"limit":"KYC_VERIFIED, valid for over 0s","name":"snapshot says verified","observed":"KYC_VERIFIED, 364 days left","verdict":"PASS"},{"check":"four_eyes_above","explanation":"Above the limit two different people have to approve.","inputs":{"currency":"USDCx","target_amount":"60000"},"limit":"50000 USDCx","name":"two people above fifty thousand","observed":"60000","verdict":"REFER"},{"check":"exposure_at_most","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit.","inputs":{"currency":"USDCx","exposure of target USDCx per venue tokyo":"0","target_amount":"60000","venue":"tokyo"},"limit":"200000 USDCx per venue","name":"under way at all","observed":"60000","verdict":"PASS"}],"venue":"tokyo","verdict":"REFER"}', '5bf02b61f3a6a67791d55fe109eb123d1461bb5b02236b0a2c772f40f534c9c0', 2, '2027-12-01 22:30:09.389313+00', '{"decision_id":"637fccd2ab0bee7a6c859ebad23cd87c","request_id":"eec791f3c25e1bcd5f99ca25ad6d4ddb","venue":"tokyo","intent_id":"6432515e-bc62-471e-81db-176fbbcc151c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:09.339287Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:07.148000Z"},"limit":"before decide_by","observed":"1576799997.808s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:09.148Z"},"limit":"before expires_at","observed":"1576799999.808s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"1a5ee5637c7326df34779232e2a3560f4c348f2aa0054a665159254796f44ff8","approvers_needed":2}', '637fccd2ab0bee7a6c859ebad23cd87c', 'approved', '2026-11-30 22:30:09.389313+00', '2026-11-30 22:30:12.947692+00', '69d95a4b6716cfb8bd7a941f08d7d723'),
	('3c6e87eaab50ac927b05a1e20fe6cc7e', 'fb9b1c4914d547683211f18906919906', 'tokyo', 'da428cd9-6ea1-4c07-ada0-7957c4741fe9', 'accept_proposal', NULL, '7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5', '{"approvers_needed":2,"compliance":{"beneficiary_vasp_code":"KR-VASP-0001","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_provider":"Persona","kyc_status":"KYC_VERIFIED","originating_vasp_code":"JP-VASP-0001","pep_checked_at":"2026-10-31T00:00:00.000Z","pep_status":"NOT_PEP","purpose_code":"GDDS","risk_rating":"LOW","sanctions_freshness_window":"24h","sanctions_list_version":"OFAC-2026-11-29","sanctions_provider":"Chainalysis","sanctions_status":"SANCTIONS_CLEARED"},"context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5","counters":{"exposure of target USDCx per venue tokyo":"0"},"decide_by":"2076-11-17T22:30:13.045000Z","decided_at":"2026-11-30T22:30:15.239204Z","decided_by":"risk","decision_id":"3c6e87eaab50ac927b05a1e20fe6cc7e","expires_at":"2027-12-01T22:30:15.273379Z","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","order":{"created_at":"2026-11-30T22:30:15.045Z","expires_at":"2076-11-17T22:30:15.045Z","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","jurisdiction_receiver":"JP","jurisdiction_sender":"SG","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","receiver_party_id":"InstitutionB::12208648b2cf9f0715f3d2b23e8d34b6a04ebfcf39aebedd98ed3cc7300258ee2ccd","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","sender_party_id":"InstitutionD::12202041cd49e6375acd1543c03b64e84856faee36036782763d39c71515436550fc","side":"sender","source_currency":"JPYSC0","target_amount":"60000","target_currency":"USDCx","venue":"tokyo"},"policy":{"name":"before","sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308","version":1},"question":"accept_proposal","quotes":[],"rates":[],"request_id":"fb9b1c4914d547683211f18906919906","requested_at":"2026-11-30T22:30:15.184221Z","round":1,"rules":[{"check":"question_whole","explanation":"The question holds what it was asked about.","inputs":{"context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5","target_amount":"60000"},"name":"built in: the question is whole","verdict":"PASS"},{"check":"in_time","explanation":"An accept would still have an effect.","inputs":{"decide_by":"2076-11-17T22:30:13.045000Z"},"limit":"before decide_by","name":"built in: asked in time","observed":"1576799997.805s left","verdict":"PASS"},{"check":"order_open","explanation":"The order has not ended or expired.","inputs":{"expires_at":"2076-11-17T22:30:15.045Z"},"limit":"before expires_at","name":"built in: order still open","observed":"1576799999.805s left","verdict":"PASS"},{"check":"sender_custodian","explanation":"Only the sender''s custodian may accept.","inputs":{"side":"sender"},"limit":"sender or both","name":"built in: we are the sender''s custodian","observed":"sender","verdict":"PASS"},{"check":"kyc_status","explanation":"The sender''s KYC has a good status and stays valid long enough.","inputs":{"kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_status":"KYC_VERIFIED"},"limit":"KYC_VERIFIED, valid for over 0s","name":"snapshot says verified","observed":"KYC_VERIFIED, 364 days left","verdict":"PASS"},{"check":"four_eyes_above","explanation":"Above the limit two different people have to approve.","inputs":{"currency":"USDCx","target_amount":"60000"},"limit":"50000 USDCx","name":"two people above fifty thousand","observed":"60000","verdict":"REFER"},{"check":"exposure_at_most","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit.","inputs":{"currency":"USDCx","exposure of target USDCx per venue tokyo":"0","target_amount":"60000","venue":"tokyo"},"limit":"200000 USDCx per venue","name":"under way at all","observed":"60000","verdict":"PASS"}],"venue":"tokyo","verdict":"REFER"}', 'b7dfc537fd57dd8c9be4e11396ff3a67348fbd9da956999c697f30deb97e46df', 2, '2027-12-01 22:30:15.273379+00', '{"decision_id":"3c6e87eaab50ac927b05a1e20fe6cc7e","request_id":"fb9b1c4914d547683211f18906919906","venue":"tokyo","intent_id":"da428cd9-6ea1-4c07-ada0-7957c4741fe9","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:15.239204Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.045000Z"},"limit":"before decide_by","observed":"1576799997.805s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.045Z"},"limit":"before expires_at","observed":"1576799999.805s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"7c1ab73d6a510084dfc7fffc02dda7d3635b81ebf4386c76be1b5699fa6dffd5","approvers_needed":2}', '3c6e87eaab50ac927b05a1e20fe6cc7e', 'pending', '2026-11-30 22:30:15.273379+00', NULL, NULL),
	('14c9daeca575f9d66eb17c254fd8b0aa', 'ec810f883615c6a2b759da1cfc47796b', 'tokyo', '7346bf79-7e43-45d0-b795-ccfefda5f83c', 'accept_proposal', NULL, '81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c', '{"approvers_needed":2,"compliance":{"beneficiary_vasp_code":"KR-VASP-0001","jurisdiction_receiver":"JP","jurisdiction_sender":"KR","kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_provider":"Persona","kyc_status":"KYC_VERIFIED","originating_vasp_code":"JP-VASP-0001","pep_checked_at":"2026-10-31T00:00:00.000Z","pep_status":"NOT_PEP","purpose_code":"GDDS","risk_rating":"LOW","sanctions_freshness_window":"24h","sanctions_list_version":"OFAC-2026-11-29","sanctions_provider":"Chainalysis","sanctions_status":"SANCTIONS_CLEARED"},"context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c","counters":{"exposure of target USDCx per venue tokyo":"0"},"decide_by":"2076-11-17T22:30:13.049000Z","decided_at":"2026-11-30T22:30:15.303242Z","decided_by":"risk","decision_id":"14c9daeca575f9d66eb17c254fd8b0aa","expires_at":"2027-12-01T22:30:15.332577Z","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","order":{"created_at":"2026-11-30T22:30:15.049Z","expires_at":"2076-11-17T22:30:15.049Z","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","jurisdiction_receiver":"JP","jurisdiction_sender":"KR","receiver_custodian_party_id":"CustodianC::1220d9d0232df2300aaea10a169303e91f148cafd599a1aeda10b09631f5e3f61d1a","receiver_party_id":"InstitutionK::12200fad2cce115b5ef0a356aa5f99aae3e97d42f7f7e582e8bf626530198f7cf75b","sender_custodian_party_id":"CustodianA::122062cd857681ed9521ea8f40ae75b0752a3deebb593dc1aefe0f291908c272fc47","sender_party_id":"InstitutionA::12202694ee3c7d1ec33a98006bea9c9d8519f1fc65c860e21e7961286e7e70e693aa","side":"sender","source_currency":"JPYSC0","target_amount":"60000","target_currency":"USDCx","venue":"tokyo"},"policy":{"name":"before","sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308","version":1},"question":"accept_proposal","quotes":[],"rates":[],"request_id":"ec810f883615c6a2b759da1cfc47796b","requested_at":"2026-11-30T22:30:15.216549Z","round":1,"rules":[{"check":"question_whole","explanation":"The question holds what it was asked about.","inputs":{"context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c","target_amount":"60000"},"name":"built in: the question is whole","verdict":"PASS"},{"check":"in_time","explanation":"An accept would still have an effect.","inputs":{"decide_by":"2076-11-17T22:30:13.049000Z"},"limit":"before decide_by","name":"built in: asked in time","observed":"1576799997.745s left","verdict":"PASS"},{"check":"order_open","explanation":"The order has not ended or expired.","inputs":{"expires_at":"2076-11-17T22:30:15.049Z"},"limit":"before expires_at","name":"built in: order still open","observed":"1576799999.745s left","verdict":"PASS"},{"check":"sender_custodian","explanation":"Only the sender''s custodian may accept.","inputs":{"side":"sender"},"limit":"sender or both","name":"built in: we are the sender''s custodian","observed":"sender","verdict":"PASS"},{"check":"kyc_status","explanation":"The sender''s KYC has a good status and stays valid long enough.","inputs":{"kyc_expires_at":"2027-11-30T00:00:00.000Z","kyc_status":"KYC_VERIFIED"},"limit":"KYC_VERIFIED, valid for over 0s","name":"snapshot says verified","observed":"KYC_VERIFIED, 364 days left","verdict":"PASS"},{"check":"four_eyes_above","explanation":"Above the limit two different people have to approve.","inputs":{"currency":"USDCx","target_amount":"60000"},"limit":"50000 USDCx","name":"two people above fifty thousand","observed":"60000","verdict":"REFER"},{"check":"exposure_at_most","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit.","inputs":{"currency":"USDCx","exposure of target USDCx per venue tokyo":"0","target_amount":"60000","venue":"tokyo"},"limit":"200000 USDCx per venue","name":"under way at all","observed":"60000","verdict":"PASS"}],"venue":"tokyo","verdict":"REFER"}', '2b116125f650038d0643cc3198b97cd005815e2a4d92698c77824fbd56d71f3e', 2, '2027-12-01 22:30:15.332577+00', '{"decision_id":"14c9daeca575f9d66eb17c254fd8b0aa","request_id":"ec810f883615c6a2b759da1cfc47796b","venue":"tokyo","intent_id":"7346bf79-7e43-45d0-b795-ccfefda5f83c","question":"accept_proposal","verdict":"REFER","policy":{"name":"before","version":1,"sha256":"48ebfcb74bbe38d77bf63973e838d90cde864152580eca4849636cfe7277e308"},"decided_by":"risk","decided_at":"2026-11-30T22:30:15.303242Z","rules":[{"name":"built in: the question is whole","check":"question_whole","verdict":"PASS","inputs":{"target_amount":"60000","context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c"},"explanation":"The question holds what it was asked about."},{"name":"built in: asked in time","check":"in_time","verdict":"PASS","inputs":{"decide_by":"2076-11-17T22:30:13.049000Z"},"limit":"before decide_by","observed":"1576799997.745s left","explanation":"An accept would still have an effect."},{"name":"built in: order still open","check":"order_open","verdict":"PASS","inputs":{"expires_at":"2076-11-17T22:30:15.049Z"},"limit":"before expires_at","observed":"1576799999.745s left","explanation":"The order has not ended or expired."},{"name":"built in: we are the sender''s custodian","check":"sender_custodian","verdict":"PASS","inputs":{"side":"sender"},"limit":"sender or both","observed":"sender","explanation":"Only the sender''s custodian may accept."},{"name":"snapshot says verified","check":"kyc_status","verdict":"PASS","inputs":{"kyc_status":"KYC_VERIFIED","kyc_expires_at":"2027-11-30T00:00:00.000Z"},"limit":"KYC_VERIFIED, valid for over 0s","observed":"KYC_VERIFIED, 364 days left","explanation":"The sender''s KYC has a good status and stays valid long enough."},{"name":"two people above fifty thousand","check":"four_eyes_above","verdict":"REFER","inputs":{"target_amount":"60000","currency":"USDCx"},"limit":"50000 USDCx","observed":"60000","explanation":"Above the limit two different people have to approve."},{"name":"under way at all","check":"exposure_at_most","verdict":"PASS","inputs":{"currency":"USDCx","venue":"tokyo","target_amount":"60000","exposure of target USDCx per venue tokyo":"0"},"limit":"200000 USDCx per venue","observed":"60000","explanation":"What is accepted and has not settled or ended yet, this order included, adds up to at most the limit."}],"counters":{"exposure of target USDCx per venue tokyo":"0"},"context_sha256":"81d534a99ae5d8d1fae01db861dc9dd4ec0ea891cb0b58af2ee61588b1e3241c","approvers_needed":2}', '14c9daeca575f9d66eb17c254fd8b0aa', 'approved', '2026-11-30 22:30:15.332577+00', '2026-11-30 22:30:29.529516+00', '8bcbb27fd7f8d4059dfd9df3a5f533c2');
SELECT pg_catalog.setval('archive.topics_topic_no_seq', 12, true);
SELECT pg_catalog.setval('commands.halts_halt_id_seq', 1, true);
SELECT pg_catalog.setval('custodian.outbox_number_seq', 8, true);
SELECT pg_catalog.setval('custodian.readings_number_seq', 107, true);
SELECT pg_catalog.setval('ledger.accounts_account_id_seq', 6, true);
SELECT pg_catalog.setval('risk.answers_number_seq', 10, true);
SELECT pg_catalog.setval('risk.questions_number_seq', 9, true);
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
