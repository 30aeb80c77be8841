-- documents: Every entry of the books as one text, of the live books or of the rebuilt ones.
SELECT e.entry_id, e.record_topic, e.record_epoch, e.record_partition, e.record_offset,
       json_build_object(
           'kind', e.kind, 'venue', e.venue, 'intent_id', e.intent_id, 'transaction_hash', e.transaction_hash, 'occurred_at', e.occurred_at,
           'reverses', e.reverses, 'reason', e.reason, 'ce_id', e.record_ce_id, 'legs', e.legs, 'side', e.side,
           'source_currency', e.source_currency, 'source_amount_actual', trim_scale(e.source_amount_actual)::text,
           'target_currency', e.target_currency, 'target_amount', trim_scale(e.target_amount)::text, 'fx_rate', trim_scale(e.fx_rate)::text,
           'sender_custodian_party_id', e.sender_custodian_party_id, 'receiver_custodian_party_id', e.receiver_custodian_party_id,
           'sender_party_id', e.sender_party_id, 'receiver_party_id', e.receiver_party_id, 'market_maker_party_id', e.market_maker_party_id,
           'terms_sha256', encode(e.terms_sha256, 'hex'), 'document_sha256', encode(e.document_sha256, 'hex'), 'observed_at', e.observed_at,
           'source', json_strip_nulls(json_build_object('topic', e.record_topic, 'epoch', nullif(e.record_epoch, 1),
                                                        'partition', e.record_partition, 'offset', e.record_offset)),
           'postings', p.postings)::text AS doc
  FROM ledger.entries e
 CROSS JOIN LATERAL (
       SELECT json_object_agg(p.posting_no, json_build_object('account', a.account, 'role', a.role, 'currency', p.currency, 'side', p.side,
                              'amount', trim_scale(p.amount * c.unit)::text) ORDER BY p.posting_no) AS postings
         FROM ledger.postings p
         LEFT JOIN ledger.accounts a USING (account_id)
         LEFT JOIN ledger.currencies c ON c.currency = p.currency AND c.scale = p.scale
        WHERE p.entry_id = e.entry_id) p;

-- compare_entries: Every entry of either books by id, with both sides where they are not the same; `rebuilt` stands for the rebuilt schema,
-- LIVE_DOCUMENTS and DOCUMENTS for the statement above on either books. Only what the ledger has come to can be younger than the archive:
-- an entry from beyond that, or from another topic, was booked by nobody of ours; of a topic that is no more the archive gets nothing, and the
-- ledger books nothing.
WITH archived AS (
    SELECT * FROM unnest(%(topics)s::text[], %(epochs)s::int[], %(partitions)s::int[], %(ends)s::bigint[]) AS a (topic, epoch, partition, next_offset)
)
SELECT coalesce(l.entry_id, r.entry_id)::text,
       CASE WHEN l.doc IS DISTINCT FROM r.doc THEN l.doc END, CASE WHEN l.doc IS DISTINCT FROM r.doc THEN r.doc END,
       coalesce(r.entry_id IS NULL AND l.record_offset >= coalesce(a.next_offset, 0) AND l.record_offset < c.next_offset, false) AS not_archived,
       coalesce(l.entry_id IS NULL AND r.record_offset >= b.next_offset, false) AS not_booked
  FROM (LIVE_DOCUMENTS) l
  FULL JOIN (DOCUMENTS) r ON r.entry_id = l.entry_id
  LEFT JOIN archived a ON a.topic = l.record_topic AND a.epoch = l.record_epoch AND a.partition = l.record_partition
  LEFT JOIN custodian.positions c ON c.consumer = %(consumer)s AND c.topic = l.record_topic AND c.epoch = l.record_epoch AND c.partition = l.record_partition
  LEFT JOIN custodian.positions b ON b.consumer = %(consumer)s AND b.topic = r.record_topic AND b.epoch = r.record_epoch AND b.partition = r.record_partition
 ORDER BY 1;

-- compare_balances: Every account of either books with both balances, without the entries that only one of the two can have by now.
WITH archived AS (
    SELECT * FROM unnest(%(topics)s::text[], %(epochs)s::int[], %(partitions)s::int[], %(ends)s::bigint[]) AS a (topic, epoch, partition, next_offset)
), too_young AS (
    SELECT p.account_id, coalesce(sum(p.amount) FILTER (WHERE p.side = 'debit'), 0) AS debits,
           coalesce(sum(p.amount) FILTER (WHERE p.side = 'credit'), 0) AS credits
      FROM ledger.entries e
      JOIN ledger.postings p USING (entry_id)
      JOIN custodian.positions c ON c.consumer = %(consumer)s AND c.topic = e.record_topic AND c.epoch = e.record_epoch AND c.partition = e.record_partition
      LEFT JOIN archived a ON a.topic = e.record_topic AND a.epoch = e.record_epoch AND a.partition = e.record_partition
     WHERE e.record_offset >= coalesce(a.next_offset, 0) AND e.record_offset < c.next_offset AND NOT EXISTS (SELECT FROM rebuilt.entries r WHERE r.entry_id = e.entry_id)
     GROUP BY p.account_id
), too_early AS (
    SELECT p.account_id, coalesce(sum(p.amount) FILTER (WHERE p.side = 'debit'), 0) AS debits,
           coalesce(sum(p.amount) FILTER (WHERE p.side = 'credit'), 0) AS credits
      FROM rebuilt.entries e
      JOIN rebuilt.postings p USING (entry_id)
      JOIN custodian.positions b ON b.consumer = %(consumer)s AND b.topic = e.record_topic AND b.epoch = e.record_epoch AND b.partition = e.record_partition
     WHERE e.record_offset >= b.next_offset AND NOT EXISTS (SELECT FROM ledger.entries l WHERE l.entry_id = e.entry_id)
     GROUP BY p.account_id
), live AS (
    SELECT a.account, trim_scale(sum((b.debits - coalesce(y.debits, 0)) * c.unit)) AS debits,
           trim_scale(sum((b.credits - coalesce(y.credits, 0)) * c.unit)) AS credits
      FROM (SELECT account_id, sum(debits) AS debits, sum(credits) AS credits FROM ledger.balances GROUP BY account_id) b
      JOIN ledger.accounts a USING (account_id)
      JOIN ledger.currencies c ON c.currency = a.currency AND c.scale = a.scale
      LEFT JOIN too_young y USING (account_id)
     GROUP BY a.account
), again AS (
    SELECT a.account, trim_scale(sum((b.debits - coalesce(y.debits, 0)) * c.unit)) AS debits,
           trim_scale(sum((b.credits - coalesce(y.credits, 0)) * c.unit)) AS credits
      FROM (SELECT account_id, sum(debits) AS debits, sum(credits) AS credits FROM rebuilt.balances GROUP BY account_id) b
      JOIN rebuilt.accounts a USING (account_id)
      JOIN rebuilt.currencies c ON c.currency = a.currency AND c.scale = a.scale
      LEFT JOIN too_early y USING (account_id)
     GROUP BY a.account
)
SELECT account, coalesce(l.debits, 0)::text, coalesce(l.credits, 0)::text, coalesce(r.debits, 0)::text, coalesce(r.credits, 0)::text
  FROM live l FULL JOIN again r USING (account)
 ORDER BY account;
