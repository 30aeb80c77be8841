-- lock: Wait for the lock over all limits, and hold it until the transaction ends.
SELECT pg_advisory_xact_lock(%s, %s);

-- lock_venue: Wait for a venue's lock, and hold it until the transaction ends.
SELECT pg_advisory_xact_lock(%s, hashtext(%s));

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

-- reserve: Count an accepted order from now on, by the terms that were asked about. What counts already counts for no less by another question:
-- of two amounts in one pair the larger stays, one that nobody knows stays unknown, and a party is not forgotten.
INSERT INTO risk.exposures AS e (
    venue, intent_id, state, pair, source_currency, target_currency, sender_party_id, receiver_party_id, target_amount,
    source_amount_max, asked_at, reserved_at, accepted_by, quote_id, source_amount, market_maker_party_id, signed_by)
VALUES (
    %(venue)s, %(intent)s, 'reserved', %(pair)s, %(source)s, %(target)s, %(sender)s, %(receiver)s, %(target_amount)s, %(most)s, %(now)s,
    %(now)s, %(accepts)s, %(quote)s, %(amount)s, %(maker)s, %(signs)s)
ON CONFLICT (venue, intent_id) DO UPDATE
   SET pair = EXCLUDED.pair, source_currency = EXCLUDED.source_currency, target_currency = EXCLUDED.target_currency,
       sender_party_id = coalesce(EXCLUDED.sender_party_id, CASE WHEN e.state IN ('reserved', 'settled') THEN e.sender_party_id END),
       receiver_party_id = coalesce(EXCLUDED.receiver_party_id, CASE WHEN e.state IN ('reserved', 'settled') THEN e.receiver_party_id END),
       target_amount = CASE WHEN e.state NOT IN ('reserved', 'settled') OR e.pair <> EXCLUDED.pair THEN EXCLUDED.target_amount
                            WHEN e.target_amount IS NULL OR EXCLUDED.target_amount IS NULL THEN NULL
                            ELSE greatest(e.target_amount, EXCLUDED.target_amount) END,
       source_amount_max = CASE WHEN e.state NOT IN ('reserved', 'settled') OR e.pair <> EXCLUDED.pair THEN EXCLUDED.source_amount_max
                                WHEN e.source_amount_max IS NULL OR EXCLUDED.source_amount_max IS NULL THEN NULL
                                ELSE greatest(e.source_amount_max, EXCLUDED.source_amount_max) END,
       reserved_at = CASE WHEN e.state IN ('reserved', 'settled') THEN e.reserved_at ELSE EXCLUDED.reserved_at END,
       state = CASE WHEN e.state = 'settled' THEN e.state ELSE EXCLUDED.state END,
       accepted_by = coalesce(EXCLUDED.accepted_by, e.accepted_by),
       quote_id = coalesce(EXCLUDED.quote_id, e.quote_id), signed_by = coalesce(EXCLUDED.signed_by, e.signed_by),
       source_amount = CASE WHEN EXCLUDED.quote_id IS NULL THEN e.source_amount
                            WHEN e.state IN ('reserved', 'settled') AND e.pair = EXCLUDED.pair THEN greatest(e.source_amount, EXCLUDED.source_amount)
                            ELSE EXCLUDED.source_amount END,
       market_maker_party_id = CASE WHEN EXCLUDED.quote_id IS NULL THEN e.market_maker_party_id ELSE EXCLUDED.market_maker_party_id END,
       updated_at = clock_timestamp();

-- find_approved: Return how an order stands, whether the venue refused what was approved, how it ended, the quote that was approved, when, and
-- whether its answer has counted it already. Nothing is returned unless people's approvals made that answer.
SELECT e.state, %(decision_id)s = ANY (e.refused), n.status, n.source_amount, d.quotes -> %(quote)s::text, r.closed_at,
       r.agreed_at IS NOT NULL
  FROM risk.exposures e
  JOIN risk.referrals r ON (r.decision_id, r.venue, r.intent_id) = (%(refers_to)s, e.venue, e.intent_id)
  LEFT JOIN risk.ended n ON (n.venue, n.intent_id) = (e.venue, e.intent_id)
  LEFT JOIN risk.decisions d ON d.decision_id = r.decision_id
 WHERE e.venue = %(venue)s AND e.intent_id = %(intent)s
   AND r.question = %(question)s AND r.answer_id = %(decision_id)s AND r.state = 'approved';

-- count_approved: Bring an approved order into the state that follows from all that is known of it.
UPDATE risk.exposures
   SET reserved_at = CASE WHEN state IN ('reserved', 'settled') OR (%(state)s = 'released' AND reserved_at IS NOT NULL) THEN reserved_at
                          ELSE %(at)s END,
       state = %(state)s, accepted_by = coalesce(%(accepts)s, accepted_by),
       quote_id = coalesce(%(quote)s, quote_id), signed_by = coalesce(%(signs)s, signed_by),
       source_amount = CASE WHEN %(quote)s::text IS NULL THEN source_amount ELSE %(amount)s END,
       market_maker_party_id = CASE WHEN %(quote)s::text IS NULL THEN market_maker_party_id ELSE %(maker)s END,
       updated_at = clock_timestamp()
 WHERE venue = %(venue)s AND intent_id = %(intent)s;

-- not_carried_out: Return something where the journal says that what a decision led to has ended without effect, and nothing of it goes on.
SELECT 1 FROM commands.journal
 WHERE venue = %(venue)s AND intent_id = %(intent)s AND kind = %(kind)s AND decision_id = %(decision_id)s
HAVING bool_or(state IN ('refused', 'expired')) AND NOT bool_or(open OR state = 'succeeded');

-- note_refused: Remember what the venue refused, in whatever order the news arrives.
UPDATE risk.exposures SET refused = array_append(refused, %(decision_id)s)
 WHERE venue = %(venue)s AND intent_id = %(intent)s AND NOT %(decision_id)s = ANY (refused);

-- take_back_quote: Take back a quote whose co-signature the venue refused; the order stays reserved.
UPDATE risk.exposures
   SET source_amount = NULL, market_maker_party_id = NULL, quote_id = NULL, signed_by = NULL, updated_at = clock_timestamp()
 WHERE venue = %(venue)s AND intent_id = %(intent)s AND state = 'reserved' AND signed_by = %(decision_id)s;

-- release: Release an order whose accept the venue refused.
UPDATE risk.exposures SET state = 'released', updated_at = clock_timestamp()
 WHERE venue = %(venue)s AND intent_id = %(intent)s AND state = 'reserved' AND accepted_by = %(decision_id)s;

-- note_end: Remember that an order has ended; a settlement is the last word.
INSERT INTO risk.ended AS e (venue, intent_id, status, source_amount) VALUES (%(venue)s, %(intent)s, %(status)s, %(amount)s)
ON CONFLICT (venue, intent_id) DO UPDATE SET status = EXCLUDED.status, source_amount = EXCLUDED.source_amount
 WHERE %(settled)s AND e.status <> EXCLUDED.status;

-- end: End an order that was asked about.
UPDATE risk.exposures
   SET state = CASE WHEN %(settled)s AND reserved_at IS NOT NULL THEN 'settled' ELSE 'released' END,
       source_amount = CASE WHEN %(settled)s AND quote_id IS NOT NULL THEN coalesce(%(amount)s, source_amount) ELSE source_amount END,
       updated_at = clock_timestamp()
 WHERE venue = %(venue)s AND intent_id = %(intent)s
   AND (state IN ('asked', 'reserved') OR (%(settled)s AND state IN ('declined', 'released') AND reserved_at IS NOT NULL));

-- counted: Return the answers to queries, each without the order that is asked about, how that order ended, and as what else it is accepted. A window is the tallies of
-- whole hours, of the minutes before them, and the rows of the minute in which it begins; an exposure is one tally per venue and pair.
SELECT -1 AS n, status AS total, 0::bigint AS number, 0::bigint AS lacking
  FROM risk.ended WHERE venue = %(venue)s AND intent_id = %(intent)s
UNION ALL
SELECT -2, concat_ws(', ', pair, 'sender ' || sender_party_id, 'receiver ' || receiver_party_id), 0, 0
  FROM risk.exposures
 WHERE venue = %(venue)s AND intent_id = %(intent)s AND state = 'reserved'
   AND (pair <> %(own_pair)s::text OR sender_party_id <> %(own_sender)s::text OR receiver_party_id <> %(own_receiver)s::text)
UNION ALL
SELECT q.n, f.amount::text, f.number, f.lacking
  FROM unnest(%(n)s::integer[], %(per)s::text[], %(scope)s::text[], %(pair)s::text[], %(at)s::text[], %(side)s::text[],
              %(currency)s::text[], %(since)s::timestamptz[], %(minute)s::timestamptz[], %(hour)s::timestamptz[])
       AS q (n, per, scope, pair, at, side, currency, since, minute, hour)
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE q.side WHEN 'target' THEN p.target_amount ELSE p.source_amount END), 0) AS amount,
           coalesce(sum(p.number), 0)::bigint AS number,
           coalesce(sum(CASE q.side WHEN 'target' THEN p.target_lacking ELSE p.source_lacking END), 0)::bigint AS lacking
      FROM (
        SELECT t.venue, t.source_currency, t.target_currency, t.number, t.target_amount, t.target_lacking, t.source_amount, t.source_lacking
          FROM risk.tallies t
         WHERE t.per = q.per AND t.scope = q.scope AND t.width = 'open' AND q.since IS NULL
        UNION ALL
        SELECT t.venue, t.source_currency, t.target_currency, t.number, t.target_amount, t.target_lacking, t.source_amount, t.source_lacking
          FROM risk.tallies t
         WHERE t.per = q.per AND t.scope = q.scope AND t.width = 'minute' AND t.at >= q.minute AND t.at < q.hour
        UNION ALL
        SELECT t.venue, t.source_currency, t.target_currency, t.number, t.target_amount, t.target_lacking, t.source_amount, t.source_lacking
          FROM risk.tallies t
         WHERE t.per = q.per AND t.scope = q.scope AND t.width = 'hour' AND t.at >= q.hour
        UNION ALL
        SELECT t.venue, t.source_currency, t.target_currency, t.number, t.target_amount, t.target_lacking, t.source_amount, t.source_lacking
          FROM risk.exposures e CROSS JOIN LATERAL risk.tallied(e) AS t
         WHERE e.state IN ('reserved', 'settled') AND e.reserved_at > q.since AND e.reserved_at < q.minute
           AND t.per = q.per AND t.scope = q.scope AND t.width = 'minute'
        UNION ALL
        SELECT t.venue, t.source_currency, t.target_currency, -t.number, -t.target_amount, -t.target_lacking, -t.source_amount,
               -t.source_lacking
          FROM risk.exposures e CROSS JOIN LATERAL risk.tallied(e) AS t
         WHERE e.venue = %(venue)s AND e.intent_id = %(intent)s AND (q.since IS NULL OR e.reserved_at > q.since)
           AND t.per = q.per AND t.scope = q.scope AND t.width = CASE WHEN q.since IS NULL THEN 'open' ELSE 'minute' END
      ) AS p
     WHERE (q.at IS NULL OR p.venue = q.at) AND (q.pair IS NULL OR p.source_currency || '/' || p.target_currency = q.pair)
       AND (q.currency = '' OR q.currency = CASE q.side WHEN 'target' THEN p.target_currency ELSE p.source_currency END)) AS f
UNION ALL
SELECT q.n, '0', f.number, 0
  FROM unnest(%(alike_n)s::integer[], %(alike_pair)s::text[], %(alike_sender)s::text[], %(alike_receiver)s::text[],
              %(alike_amount)s::numeric[], %(alike_at)s::text[], %(alike_since)s::timestamptz[])
       AS q (n, pair, sender, receiver, amount, at, since)
 CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM risk.exposures e
     WHERE e.sender_party_id = q.sender AND e.receiver_party_id = q.receiver AND e.asked_at > q.since AND e.pair = q.pair
       AND e.target_amount = q.amount AND e.state IN ('asked', 'reserved', 'settled') AND (q.at IS NULL OR e.venue = q.at)
       AND (e.venue, e.intent_id) <> (%(venue)s, %(intent)s)) AS f;
