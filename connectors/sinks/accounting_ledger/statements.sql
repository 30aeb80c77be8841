-- settlements_of_intents: What is booked of these intents, on which terms, and whether it has been reversed.
SELECT e.intent_id, e.transaction_hash, e.terms_sha256, e.venue, r.entry_id IS NOT NULL,
       e.source_currency, e.target_currency, e.target_amount, e.source_amount_actual, e.fx_rate, e.occurred_at,
       e.sender_custodian_party_id, e.receiver_custodian_party_id, e.sender_party_id, e.receiver_party_id, e.side
  FROM ledger.entries e LEFT JOIN ledger.entries r ON r.reverses = e.entry_id
 WHERE e.kind = 'settlement' AND e.intent_id = ANY (%b);

-- former_key_stands: Whether the key of older releases, which does not know the venue, is still there.
SELECT to_regclass('ledger.settlement_is_booked_once') IS NOT NULL;

-- make_currencies: Note the minor units that are booked in for the first time.
INSERT INTO ledger.currencies (currency, scale)
SELECT * FROM unnest(%s::text[], %s::smallint[]) AS n (currency, scale)
 WHERE NOT EXISTS (SELECT FROM ledger.currencies c WHERE c.currency = n.currency AND c.scale = n.scale)
 ORDER BY 1, 2
    ON CONFLICT DO NOTHING;

-- make_accounts: Open accounts that are posted to for the first time, in one order for all workers.
INSERT INTO ledger.accounts (account, role, venue, party, currency, scale)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[]) AS n (account, role, venue, party, currency, scale)
 WHERE NOT EXISTS (SELECT FROM ledger.accounts a WHERE a.account = n.account AND a.scale = n.scale)
 ORDER BY 1, 6
    ON CONFLICT DO NOTHING;

-- account_ids: The numbers of accounts in the given scales.
SELECT a.account, a.account_id
  FROM unnest(%s::text[], %s::smallint[]) AS n (account, scale) JOIN ledger.accounts a ON a.account = n.account AND a.scale = n.scale;

-- copy_entries: Insert entries; at commit each has to be whole and balanced.
COPY ledger.entries (entry_id, kind, legs, venue, intent_id, transaction_hash, occurred_at, recorded_at,
    record_topic, record_epoch, record_partition, record_offset, record_ce_id,
    side, source_currency, source_amount_actual, target_currency, target_amount, fx_rate,
    sender_custodian_party_id, receiver_custodian_party_id, sender_party_id, receiver_party_id, market_maker_party_id,
    terms_sha256, document_sha256, observed_at)
FROM STDIN (FORMAT binary);

-- copy_postings: Insert the postings of those entries; the same statement moves the balances.
COPY ledger.postings (entry_id, posting_no, account_id, currency, scale, side, amount) FROM STDIN (FORMAT binary);

-- entries: Entries in the order of booking, as they were known at a time, up to a time of occurrence.
SELECT e.entry_id::text AS entry_id, e.venue, e.intent_id, e.transaction_hash, e.kind, e.occurred_at, e.recorded_at, e.reverses::text AS reverses,
       e.record_topic, e.record_epoch, e.record_partition, e.record_offset, p.postings
  FROM ledger.entries e
 CROSS JOIN LATERAL (
       SELECT json_agg(json_build_object('account', a.account, 'role', a.role, 'currency', p.currency, 'side', p.side,
                                         'amount', trim_scale(p.amount * c.unit)::text) ORDER BY p.posting_no) AS postings
         FROM ledger.postings p
         JOIN ledger.accounts a USING (account_id)
         JOIN ledger.currencies c ON c.currency = p.currency AND c.scale = p.scale
        WHERE p.entry_id = e.entry_id) p
 WHERE (%(venue)s::text IS NULL OR e.venue = %(venue)s)
   AND (%(intent)s::text IS NULL OR e.intent_id = %(intent)s)
   AND (%(as_of)s::timestamptz IS NULL OR e.occurred_at <= %(as_of)s)
   AND (%(known_at)s::timestamptz IS NULL OR e.recorded_at <= %(known_at)s)
 ORDER BY e.recorded_at, e.record_topic, e.record_partition, e.record_epoch, e.record_offset, e.entry_id
 LIMIT %(limit)s;

-- balances: Balances as they stand, from the stripes.
SELECT account, role, currency, debits, credits, balance
  FROM accounting.balances
 WHERE (%(venue)s::text IS NULL OR venue = %(venue)s)
 ORDER BY account;

-- balances_as_of: Balances at a time of occurrence or of knowledge, from the postings.
SELECT a.account, a.role, a.currency, trim_scale(sum(s.debits * c.unit)) AS debits, trim_scale(sum(s.credits * c.unit)) AS credits,
       trim_scale(sum((s.debits - s.credits) * c.unit)) AS balance
  FROM (SELECT p.account_id, coalesce(sum(p.amount) FILTER (WHERE p.side = 'debit'), 0) AS debits,
               coalesce(sum(p.amount) FILTER (WHERE p.side = 'credit'), 0) AS credits
          FROM ledger.postings p JOIN ledger.entries e USING (entry_id)
         WHERE (%(as_of)s::timestamptz IS NULL OR e.occurred_at <= %(as_of)s)
           AND (%(known_at)s::timestamptz IS NULL OR e.recorded_at <= %(known_at)s)
         GROUP BY p.account_id) s
  JOIN ledger.accounts a USING (account_id)
  JOIN ledger.currencies c ON c.currency = a.currency AND c.scale = a.scale
 WHERE (%(venue)s::text IS NULL OR a.venue = %(venue)s)
 GROUP BY a.account, a.role, a.currency
 ORDER BY a.account;

-- striped_balances_that_differ: Accounts whose balances are not the sums of their postings; none, or the books were tampered with.
SELECT a.account, coalesce(b.debits, 0), coalesce(b.credits, 0), coalesce(s.debits, 0), coalesce(s.credits, 0)
  FROM ledger.accounts a
  LEFT JOIN (SELECT account_id, sum(debits) AS debits, sum(credits) AS credits FROM ledger.balances GROUP BY account_id) b USING (account_id)
  LEFT JOIN (SELECT account_id, coalesce(sum(amount) FILTER (WHERE side = 'debit'), 0) AS debits,
                    coalesce(sum(amount) FILTER (WHERE side = 'credit'), 0) AS credits
               FROM ledger.postings GROUP BY account_id) s USING (account_id)
 WHERE coalesce(b.debits, 0) <> coalesce(s.debits, 0) OR coalesce(b.credits, 0) <> coalesce(s.credits, 0)
 ORDER BY a.account;

-- settled: Settlements of a venue that are booked and not reversed.
SELECT e.entry_id::text AS entry_id, e.intent_id, e.transaction_hash, e.side, e.source_currency, e.target_currency, e.target_amount, e.source_amount_actual,
       e.fx_rate, e.occurred_at, e.sender_custodian_party_id, e.receiver_custodian_party_id, e.sender_party_id, e.receiver_party_id, encode(e.terms_sha256, 'hex') AS terms_sha256
  FROM ledger.entries e
 WHERE e.kind = 'settlement' AND e.venue = %s AND NOT EXISTS (SELECT FROM ledger.entries r WHERE r.reverses = e.entry_id)
 ORDER BY e.intent_id, e.transaction_hash;
