-- answered: Return the remembered decisions of those questions that have one.
SELECT d.request_id, d.context_sha256, d.decision
  FROM unnest(%(requests)s::text[], %(digests)s::text[]) AS n (request_id, context_sha256)
  JOIN risk.decisions d USING (request_id, context_sha256);

-- remember: Keep a decision.
INSERT INTO risk.decisions (request_id, context_sha256, decision_id, venue, intent_id, question, verdict, decision, quotes, decided_at)
VALUES (
    %(request_id)s, %(context_sha256)s, %(decision_id)s, %(venue)s, %(intent)s, %(question)s, %(verdict)s, %(decision)s, %(quotes)s,
    %(now)s);

-- ask: Put down an order that was asked about and not accepted; what stands there already stays, but for an order that is declined now.
INSERT INTO risk.exposures AS e (
    venue, intent_id, state, pair, source_currency, target_currency, sender_party_id, receiver_party_id, target_amount,
    source_amount_max, asked_at)
VALUES (
    %(venue)s, %(intent)s, %(state)s, %(pair)s, %(source)s, %(target)s, %(sender)s, %(receiver)s, %(target_amount)s, %(most)s, %(now)s)
ON CONFLICT (venue, intent_id) DO UPDATE
   SET state = CASE WHEN e.state = 'asked' THEN EXCLUDED.state ELSE e.state END;

-- reserve: Count an accepted order from now on; what is accepted is what was asked about now, should the venue have changed it in between.
INSERT INTO risk.exposures AS e (
    venue, intent_id, state, pair, source_currency, target_currency, sender_party_id, receiver_party_id, target_amount,
    source_amount_max, asked_at, reserved_at, accepted_by, quote_id, source_amount, market_maker_party_id, signed_by)
VALUES (
    %(venue)s, %(intent)s, 'reserved', %(pair)s, %(source)s, %(target)s, %(sender)s, %(receiver)s, %(target_amount)s, %(most)s, %(now)s,
    %(now)s, %(accepts)s, %(quote)s, %(amount)s, %(maker)s, %(signs)s)
ON CONFLICT (venue, intent_id) DO UPDATE
   SET pair = EXCLUDED.pair, source_currency = EXCLUDED.source_currency, target_currency = EXCLUDED.target_currency,
       sender_party_id = EXCLUDED.sender_party_id, receiver_party_id = EXCLUDED.receiver_party_id,
       target_amount = EXCLUDED.target_amount, source_amount_max = EXCLUDED.source_amount_max,
       reserved_at = CASE WHEN e.state IN ('reserved', 'settled') THEN e.reserved_at ELSE EXCLUDED.reserved_at END,
       state = CASE WHEN e.state = 'settled' THEN e.state ELSE EXCLUDED.state END,
       accepted_by = coalesce(EXCLUDED.accepted_by, e.accepted_by),
       quote_id = coalesce(EXCLUDED.quote_id, e.quote_id), signed_by = coalesce(EXCLUDED.signed_by, e.signed_by),
       source_amount = CASE WHEN EXCLUDED.quote_id IS NULL THEN e.source_amount ELSE EXCLUDED.source_amount END,
       market_maker_party_id = CASE WHEN EXCLUDED.quote_id IS NULL THEN e.market_maker_party_id ELSE EXCLUDED.market_maker_party_id END,
       updated_at = clock_timestamp();
