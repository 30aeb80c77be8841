-- insert_command: Write a command as open; nothing is returned when it, or another open one for the same intent and kind, is there.
INSERT INTO commands.journal (
    command_id, venue, intent_id, kind, quote_id, decision_id, shadow, not_after, source_currency, target_currency, target_amount,
    source_amount_max, fx_rate, issued_at, causation_id, calls_before, last_call_at, quote_valid_until)
VALUES (
    %(command_id)s, %(venue)s, %(intent_id)s, %(kind)s, %(quote_id)s, %(decision_id)s, %(shadow)s, %(not_after)s, %(source_currency)s,
    %(target_currency)s, %(target_amount)s, %(source_amount_max)s, %(fx_rate)s, %(issued_at)s, %(causation_id)s,
    -- Issued before a run of the server that may have forgotten: it may have been sent before, so it is read first (continuity).
    CASE WHEN %(calls_before)s = 0 AND NOT %(shadow)s AND EXISTS (
              SELECT FROM custodian.incarnations WHERE anew AND started_at + interval '5 s' > %(issued_at)s) THEN 1 ELSE %(calls_before)s END,
    coalesce(%(last_call_at)s, CASE WHEN NOT %(shadow)s AND EXISTS (
              SELECT FROM custodian.incarnations WHERE anew AND started_at + interval '5 s' > %(issued_at)s) THEN clock_timestamp() END),
    %(quote_valid_until)s)
ON CONFLICT DO NOTHING
RETURNING 1;

-- insert_refused: Write a command that came while another one was open, as ended.
INSERT INTO commands.journal (
    command_id, venue, intent_id, kind, quote_id, decision_id, shadow, not_after, source_currency, target_currency, target_amount,
    source_amount_max, fx_rate, issued_at, causation_id, state, open, completed_at, reason)
VALUES (
    %(command_id)s, %(venue)s, %(intent_id)s, %(kind)s, %(quote_id)s, %(decision_id)s, %(shadow)s, %(not_after)s, %(source_currency)s,
    %(target_currency)s, %(target_amount)s, %(source_amount_max)s, %(fx_rate)s, %(issued_at)s, %(causation_id)s, 'refused', false,
    %(completed_at)s, %(reason)s)
ON CONFLICT DO NOTHING;

-- find_command: Tell whether a command is there.
SELECT 1 FROM commands.journal WHERE command_id = %(command_id)s;

-- go_on: Close the command with an unknown outcome for the very same thing, and return its calls: they count for the one that goes on.
UPDATE commands.journal SET open = false
 WHERE venue = %(venue)s AND intent_id = %(intent_id)s AND kind = %(kind)s AND quote_id IS NOT DISTINCT FROM %(quote_id)s
   AND open AND state = 'unknown' AND command_id <> %(command_id)s
RETURNING calls_open + calls_before, last_call_at, quote_valid_until;

-- claim: Take commands that are due and in nobody's hands, of each venue so many: a co-signature has seconds, so it goes first, and then what
-- ends first. One whose decision or question is not kept yet costs the venue nothing: it is left until that is, or until its time is over.
WITH due AS (
    SELECT d.command_id
      FROM unnest(%(venues)s::text[], %(limits)s::integer[]) AS v(venue, free)
     CROSS JOIN LATERAL (
        SELECT c.command_id FROM commands.journal AS c
         WHERE c.state IN ('journalled', 'sent') AND c.next_at <= clock_timestamp() AND c.lease_until <= clock_timestamp()
           AND c.venue = v.venue
           AND (c.shadow OR c.calls_open + c.calls_before > 0 OR c.not_after <= clock_timestamp()
                OR EXISTS (SELECT FROM risk.answers JOIN risk.questions USING (request_id, context_sha256) WHERE decision_id = c.decision_id))
         ORDER BY c.kind = 'co_sign_quote' DESC, c.not_after, c.next_at LIMIT v.free FOR UPDATE OF c SKIP LOCKED) AS d)
UPDATE commands.journal AS j
   SET lease_owner = %(owner)s, lease_until = clock_timestamp() + make_interval(secs => %(lease)s), lease_epoch = j.lease_epoch + 1
  FROM due WHERE j.command_id = due.command_id
RETURNING j.*;

-- renew: Keep commands that are still in hand, and return them; the lease of a call is longer and stays as it is.
UPDATE commands.journal AS j SET lease_until = greatest(j.lease_until, clock_timestamp() + make_interval(secs => %(lease)s))
  FROM unnest(%(commands)s::text[], %(epochs)s::bigint[]) AS held(command_id, epoch)
 WHERE j.command_id = held.command_id AND j.lease_epoch = held.epoch AND j.state IN ('journalled', 'sent')
   AND j.lease_until > clock_timestamp()
RETURNING j.command_id;

-- take_back: Let go of what an earlier process of the same name had in hand; its calls are resolved by reading, as any that may have left.
UPDATE commands.journal SET lease_until = 'epoch', lease_owner = NULL
 WHERE lease_owner = %(owner)s AND state IN ('journalled', 'sent');

-- refused_since: Return a command for the very same thing that the venue definitely refused after this one was asked about: that decision did
-- not see the refusal, so it is none to go by. When that was, our own clock says: that of the question, else of when the answer was kept.
SELECT command_id FROM commands.journal
 WHERE venue = %(venue)s AND intent_id = %(intent_id)s AND kind = %(kind)s AND quote_id IS NOT DISTINCT FROM %(quote_id)s
   AND command_id <> %(command_id)s AND state = 'refused' AND http_status IS NOT NULL
   AND completed_at >= coalesce(
           (SELECT max(least(q.requested_at, q.kept_at)) FROM risk.questions q
              JOIN (SELECT request_id, context_sha256 FROM risk.answers WHERE decision_id = %(decision_id)s
                    UNION SELECT request_id, context_sha256 FROM risk.referrals WHERE answer_id = %(decision_id)s) AS about
             USING (request_id, context_sha256)),
           (SELECT kept_at FROM risk.answers WHERE decision_id = %(decision_id)s), '-infinity')
 LIMIT 1;

-- later_command: Return a command for the same intent and kind that was issued later, or came before it for the same decision, and whether it
-- is the latter: a decision has one command. What counts for it is given back when that has ended, and would not count for a second one.
SELECT o.command_id, o.decision_id = %(decision_id)s
  FROM commands.journal AS o
 WHERE o.venue = %(venue)s AND o.intent_id = %(intent_id)s AND o.kind = %(kind)s AND o.command_id <> %(command_id)s
   AND (o.issued_at > %(issued_at)s
        OR (o.decision_id = %(decision_id)s
            AND (o.journalled_at, o.command_id) < (SELECT c.journalled_at, c.command_id FROM commands.journal AS c WHERE c.command_id = %(command_id)s)))
 ORDER BY o.decision_id = %(decision_id)s DESC, o.issued_at DESC LIMIT 1;

-- begin_call: Count a call that is about to be made; nothing is returned when the claim is lost.
UPDATE commands.journal
   SET state = 'sent', attempts = attempts + 1, calls_open = calls_open + 1, looks = 0, last_call_at = %(at)s,
       sent_at = coalesce(sent_at, %(at)s), quote_valid_until = coalesce(%(quote_valid_until)s, quote_valid_until),
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
 WHERE command_id = %(command_id)s AND lease_epoch = %(epoch)s AND state IN ('journalled', 'sent') AND lease_until > clock_timestamp()
RETURNING attempts, lease_owner;

-- insert_attempt: Write the attempt that stands for a call.
INSERT INTO commands.attempts (command_id, number, begun_at, owner, evidence)
VALUES (%(command_id)s, %(number)s, %(at)s, %(owner)s, %(evidence)s);

-- end_attempt: Store the outcome of a call, once.
UPDATE commands.attempts SET outcome = %(outcome)s, reason = %(reason)s, http_status = %(http_status)s, ended_at = clock_timestamp()
 WHERE command_id = %(command_id)s AND number = %(number)s AND outcome IS NULL
RETURNING 1;

-- take_back_call: A call that certainly had no effect is none that may have had one.
UPDATE commands.journal SET calls_open = calls_open - 1 WHERE command_id = %(command_id)s;

-- note_refusal: Keep what the venue refused with until the command has ended.
UPDATE commands.journal SET http_status = %(http_status)s, error_code = %(error_code)s, response = %(response)s
 WHERE command_id = %(command_id)s AND state IN ('journalled', 'sent');

-- put_off: Give a claim back, to be due again later.
UPDATE commands.journal
   SET next_at = clock_timestamp() + make_interval(secs => %(seconds)s), lease_until = 'epoch', lease_owner = NULL,
       looks = looks + %(looked)s
 WHERE command_id = %(command_id)s AND lease_epoch = %(epoch)s AND state IN ('journalled', 'sent');

-- close_command: End a command; nothing is returned when the claim is lost. An unknown outcome is no definite answer: it stays open.
UPDATE commands.journal
   SET state = %(outcome)s, open = (%(outcome)s = 'unknown'), completed_at = %(at)s, reason = %(reason)s, http_status = %(http_status)s,
       error_code = %(error_code)s, response = %(response)s, lease_until = 'epoch', lease_owner = NULL
 WHERE command_id = %(command_id)s AND lease_epoch = %(epoch)s AND state IN ('journalled', 'sent')
RETURNING 1;

-- unpublished: Return endings that are not published, oldest first, and hold them.
SELECT * FROM commands.journal
 WHERE completed_at IS NOT NULL AND published_at IS NULL ORDER BY completed_at, command_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- published: Mark endings as published.
UPDATE commands.journal SET published_at = clock_timestamp() WHERE command_id = ANY (%(commands)s);

-- count_unpublished: Count the endings that wait to be published.
SELECT count(*) FROM commands.journal WHERE completed_at IS NOT NULL AND published_at IS NULL;

-- listed: Return commands for showing, the latest first.
SELECT command_id, venue, intent_id, kind, quote_id, decision_id, shadow, state, attempts, issued_at, sent_at, completed_at, reason,
       http_status, error_code, response
  FROM commands.journal
 WHERE (%(venue)s::text IS NULL OR venue = %(venue)s) AND (%(intent)s::text IS NULL OR intent_id = %(intent)s)
   AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
 ORDER BY issued_at DESC, command_id LIMIT %(limit)s;
