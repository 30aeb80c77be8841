-- The record that an entry comes from stands in one epoch of its topic. No rule on the column: it would read the whole table under a lock.

ALTER TABLE ledger.entries ADD COLUMN record_epoch integer NOT NULL DEFAULT 1;

COMMENT ON COLUMN ledger.entries.record_epoch IS 'How often a topic of this name had been made, with the one that the record is in (infra/decisions/0020).';

CREATE OR REPLACE VIEW accounting.journal AS
SELECT e.entry_id, e.venue, e.intent_id, e.transaction_hash, e.kind, e.occurred_at, e.recorded_at, e.reverses, e.reason,
       jsonb_build_object('topic', e.record_topic, 'partition', e.record_partition, 'offset', e.record_offset)
           || CASE WHEN e.record_epoch > 1 THEN jsonb_build_object('epoch', e.record_epoch) ELSE '{}' END AS source,
       (SELECT jsonb_agg(jsonb_build_object('account', a.account, 'role', a.role, 'currency', p.currency, 'side', p.side,
                                            'amount', trim_scale(p.amount * c.unit)::text) ORDER BY p.posting_no)
          FROM ledger.postings p JOIN ledger.accounts a USING (account_id) JOIN ledger.currencies c ON c.currency = p.currency AND c.scale = p.scale
         WHERE p.entry_id = e.entry_id) AS postings,
       e.side, e.source_currency, e.source_amount_actual, e.target_currency, e.target_amount, e.fx_rate,
       e.sender_custodian_party_id, e.receiver_custodian_party_id, e.sender_party_id, e.receiver_party_id, e.market_maker_party_id,
       encode(e.terms_sha256, 'hex') AS terms_sha256, encode(e.document_sha256, 'hex') AS document_sha256, e.record_ce_id AS ce_id
  FROM ledger.entries e;
