-- The books: entries of postings in integer minor units. The database itself holds what makes them books: an entry is whole and balanced
-- per currency or it is not there, nothing is edited, a settlement is booked once, and balances move with the postings.

CREATE DOMAIN ledger.minor_units AS numeric
    CONSTRAINT minor_units_are_whole CHECK (VALUE >= 0 AND VALUE < 'Infinity' AND VALUE = trunc(VALUE));

COMMENT ON DOMAIN ledger.minor_units IS 'An amount in integer minor units of its currency: no fraction, no sign, no NaN.';

CREATE TABLE ledger.currencies (
    currency   text        NOT NULL,
    scale      smallint    NOT NULL CHECK (scale BETWEEN 0 AND 38),
    -- One minor unit as a decimal: amounts times this are exact, where power(10, -scale) would round.
    unit       numeric     GENERATED ALWAYS AS (('1e-' || scale::text)::numeric) STORED,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (currency, scale)
);

COMMENT ON TABLE ledger.currencies IS 'The minor units that amounts were booked in: every posting names its scale, so a corrected setting changes no booked amount.';

CREATE TABLE ledger.accounts (
    account_id integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account    text        NOT NULL,
    role       text        NOT NULL CHECK (role IN ('custody_asset', 'client_liability')),
    venue      text        NOT NULL,
    party      text,
    currency   text        NOT NULL,
    scale      smallint    NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (account, scale),
    FOREIGN KEY (currency, scale) REFERENCES ledger.currencies
);

COMMENT ON TABLE ledger.accounts IS 'One row per account and scale: an account whose currency was given another scale goes on in a second row.';

CREATE TABLE ledger.entries (
    entry_id         uuid        PRIMARY KEY,
    kind             text        NOT NULL CHECK (kind IN ('settlement', 'reversal', 'adjustment')),
    legs             smallint    NOT NULL CHECK (legs >= 2),
    venue            text        NOT NULL,
    intent_id        text        NOT NULL,
    transaction_hash text        NOT NULL,
    occurred_at      timestamptz NOT NULL,
    recorded_at      timestamptz NOT NULL,
    reverses         uuid        REFERENCES ledger.entries,
    reason           text,
    -- Where the entry comes from: the record in Kafka and its event.
    record_topic     text        NOT NULL,
    record_partition integer     NOT NULL CHECK (record_partition >= 0),
    record_offset    bigint      NOT NULL CHECK (record_offset >= 0),
    record_ce_id     text        NOT NULL,
    -- What the venue says of the whole settlement, all four legs, in its own decimals; what is not our custody is not posted.
    side                          text CHECK (side IN ('sender', 'receiver', 'both')),
    source_currency               text,
    source_amount_actual          numeric,
    target_currency               text,
    target_amount                 numeric,
    fx_rate                       numeric,
    sender_custodian_party_id     text,
    receiver_custodian_party_id   text,
    sender_party_id               text,
    receiver_party_id             text,
    market_maker_party_id         text,
    terms_sha256                  bytea CHECK (octet_length(terms_sha256) = 32),
    document_sha256               bytea CHECK (octet_length(document_sha256) = 32),
    observed_at                   timestamptz,
    CONSTRAINT reversal_names_what_it_reverses CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    CONSTRAINT settlement_states_its_terms CHECK (kind <> 'settlement' OR (
        side IS NOT NULL AND source_currency IS NOT NULL AND source_amount_actual > 0 AND target_currency IS NOT NULL AND target_amount > 0
        AND sender_custodian_party_id IS NOT NULL AND receiver_custodian_party_id IS NOT NULL
        AND terms_sha256 IS NOT NULL AND document_sha256 IS NOT NULL AND observed_at IS NOT NULL))
);

CREATE UNIQUE INDEX settlement_is_booked_once ON ledger.entries (intent_id, transaction_hash) WHERE kind = 'settlement';
CREATE UNIQUE INDEX entry_is_reversed_once ON ledger.entries (reverses) WHERE reverses IS NOT NULL;

COMMENT ON TABLE ledger.entries IS 'Journal entries; occurred_at is the venue''s time of settlement, recorded_at is when we booked.';
COMMENT ON COLUMN ledger.entries.legs IS 'How many postings the entry has: none can be added later.';

CREATE TABLE ledger.postings (
    entry_id   uuid               NOT NULL,
    posting_no smallint           NOT NULL CHECK (posting_no >= 1),
    account_id integer            NOT NULL,
    currency   text               NOT NULL,
    scale      smallint           NOT NULL,
    side       text               NOT NULL CHECK (side IN ('debit', 'credit')),
    amount     ledger.minor_units NOT NULL CHECK (amount > 0),
    PRIMARY KEY (entry_id, posting_no)
);
-- No foreign keys here: the trigger below looks up entry and account of every posting at once, for a tenth of the time.

-- One row per account and stripe (the partition of the record), so that workers of different partitions never wait for one another.
CREATE TABLE ledger.balances (
    account_id integer            NOT NULL REFERENCES ledger.accounts,
    stripe     integer            NOT NULL,
    debits     ledger.minor_units NOT NULL DEFAULT 0,
    credits    ledger.minor_units NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, stripe)
) WITH (fillfactor = 20);

COMMENT ON TABLE ledger.balances IS 'Sums of the postings, moved by the statement that inserts them and by nothing else.';

-- Typed differences between the books and somebody else's; filled by reconciliations.
CREATE TABLE ledger.breaks (
    break_id         text        PRIMARY KEY,
    run_id           text        NOT NULL,
    kind             text        NOT NULL CHECK (kind = upper(kind)),
    severity         text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state            text        NOT NULL CHECK (state IN ('open', 'resolved')),
    venue            text        NOT NULL,
    intent_id        text,
    transaction_hash text,
    expected         jsonb,
    actual           jsonb,
    first_seen_at    timestamptz NOT NULL,
    last_seen_at     timestamptz NOT NULL
);

-- The names of tables that a planner without statistics would read whole are few; indexes are asked for by setting, not by hope.
CREATE FUNCTION ledger.post() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
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

CREATE TRIGGER postings_balance AFTER INSERT ON ledger.postings
    REFERENCING NEW TABLE AS new_postings FOR EACH STATEMENT EXECUTE FUNCTION ledger.post();

CREATE FUNCTION ledger.entry_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE CONSTRAINT TRIGGER entry_is_whole AFTER INSERT ON ledger.entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.entry_is_whole();

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: nothing in the books is edited; book a reversal', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER entries_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER postings_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.postings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER accounts_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.accounts
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER scales_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.currencies
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
-- Balances move only from inside the trigger on postings.
CREATE TRIGGER balances_follow_postings BEFORE INSERT OR UPDATE OR DELETE ON ledger.balances
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER balances_are_not_emptied BEFORE TRUNCATE ON ledger.balances
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.entries, ledger.postings, ledger.accounts, ledger.currencies FROM CURRENT_USER;
REVOKE DELETE, TRUNCATE ON ledger.balances FROM CURRENT_USER;
-- A foreign key locks the row it points to, and PostgreSQL wants the owner's UPDATE on some column for that; the triggers refuse it all the same.
GRANT UPDATE (kind) ON ledger.entries TO CURRENT_USER;
GRANT UPDATE (role) ON ledger.accounts TO CURRENT_USER;
GRANT UPDATE (created_at) ON ledger.currencies TO CURRENT_USER;

-- What accounting jobs read.

CREATE VIEW accounting.postings AS
SELECT p.entry_id, p.posting_no, e.venue, e.intent_id, e.kind, e.occurred_at, e.recorded_at,
       a.account, a.role, a.party, p.currency, p.side, trim_scale(p.amount * c.unit) AS amount
  FROM ledger.postings p
  JOIN ledger.entries e USING (entry_id)
  JOIN ledger.accounts a USING (account_id)
  JOIN ledger.currencies c ON c.currency = p.currency AND c.scale = p.scale;

CREATE VIEW accounting.journal AS
SELECT e.entry_id, e.venue, e.intent_id, e.transaction_hash, e.kind, e.occurred_at, e.recorded_at, e.reverses, e.reason,
       jsonb_build_object('topic', e.record_topic, 'partition', e.record_partition, 'offset', e.record_offset) AS source,
       (SELECT jsonb_agg(jsonb_build_object('account', a.account, 'role', a.role, 'currency', p.currency, 'side', p.side,
                                            'amount', trim_scale(p.amount * c.unit)::text) ORDER BY p.posting_no)
          FROM ledger.postings p JOIN ledger.accounts a USING (account_id) JOIN ledger.currencies c ON c.currency = p.currency AND c.scale = p.scale
         WHERE p.entry_id = e.entry_id) AS postings,
       e.side, e.source_currency, e.source_amount_actual, e.target_currency, e.target_amount, e.fx_rate,
       e.sender_custodian_party_id, e.receiver_custodian_party_id, e.sender_party_id, e.receiver_party_id, e.market_maker_party_id,
       encode(e.terms_sha256, 'hex') AS terms_sha256, encode(e.document_sha256, 'hex') AS document_sha256, e.record_ce_id AS ce_id
  FROM ledger.entries e;

CREATE VIEW accounting.balances AS
SELECT a.account, a.role, a.venue, a.party, a.currency,
       trim_scale(sum(b.debits * c.unit)) AS debits, trim_scale(sum(b.credits * c.unit)) AS credits,
       trim_scale(sum((b.debits - b.credits) * c.unit)) AS balance
  FROM (SELECT account_id, sum(debits) AS debits, sum(credits) AS credits FROM ledger.balances GROUP BY account_id) b
  JOIN ledger.accounts a USING (account_id)
  JOIN ledger.currencies c ON c.currency = a.currency AND c.scale = a.scale
 GROUP BY a.account, a.role, a.venue, a.party, a.currency;

CREATE VIEW accounting.breaks AS
SELECT break_id, run_id, kind, severity, state, venue, intent_id, transaction_hash, expected, actual, first_seen_at, last_seen_at
  FROM ledger.breaks;
