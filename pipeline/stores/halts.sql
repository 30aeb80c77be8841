-- hold_alone: Keep attempts from being committed until this transaction ends.
SELECT pg_advisory_xact_lock(hashtext('custodian'), hashtext('halts'));

-- hold_shared: Keep halts from being committed until this transaction ends.
SELECT pg_advisory_xact_lock_shared(hashtext('custodian'), hashtext('halts'));

-- insert_halt: Halt a scope; nothing is returned when exactly that scope is halted already.
INSERT INTO commands.halts (venue, pair, reason, halted_by, halted_at)
VALUES (%(venue)s, %(pair)s, %(reason)s, %(by)s, %(now)s)
ON CONFLICT (coalesce(venue, ''), coalesce(pair, '')) WHERE resumed_at IS NULL DO NOTHING
RETURNING halt_id, venue, pair, reason, halted_by, halted_at;

-- end_halt: End the halt of exactly this scope.
UPDATE commands.halts SET resumed_by = %(by)s, resumed_reason = %(reason)s, resumed_at = %(now)s
 WHERE venue IS NOT DISTINCT FROM %(venue)s AND pair IS NOT DISTINCT FROM %(pair)s AND resumed_at IS NULL
RETURNING halt_id, venue, pair, reason, halted_by, halted_at;

-- active_halts: Return the halts in force, oldest first.
SELECT halt_id, venue, pair, reason, halted_by, halted_at FROM commands.halts WHERE resumed_at IS NULL ORDER BY halt_id;

-- covering_halt: Return a halt in force that covers this venue and pair.
SELECT halt_id, venue, pair, reason, halted_by, halted_at FROM commands.halts
 WHERE resumed_at IS NULL AND (venue IS NULL OR venue = %(venue)s) AND (pair IS NULL OR pair = %(pair)s) ORDER BY halt_id LIMIT 1;

-- calls_in_flight: Count calls of a scope that running executors have begun and that have no answer yet.
SELECT count(*) FROM commands.journal AS j JOIN commands.attempts AS a USING (command_id)
 WHERE j.state = 'sent' AND j.lease_until > clock_timestamp() AND a.outcome IS NULL
   AND (%(venue)s::text IS NULL OR j.venue = %(venue)s)
   AND (%(pair)s::text IS NULL OR j.source_currency || '/' || j.target_currency = %(pair)s);
