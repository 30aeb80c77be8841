-- is_known: Tell whether this run of the server was looked at.
SELECT EXISTS (SELECT FROM custodian.incarnations AS k JOIN custodian.incarnation() AS i USING (started_at, database, system));

-- lock: Let one look at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('custodian'), hashtext('incarnations'));

-- positions: Return what each consumer has stored.
SELECT consumer, topic, partition, next_offset FROM custodian.positions;

-- doubt: A command that was not sent as far as these tables know may have been sent in a life that they do not know: read before it is sent.
UPDATE commands.journal SET calls_before = calls_before + 1, last_call_at = coalesce(last_call_at, clock_timestamp())
 WHERE state IN ('journalled', 'sent') AND NOT shadow AND calls_open + calls_before = 0;

-- halt: Halt everything.
SELECT people.halt(NULL, NULL, 'custodian', %(reason)s) -> 'halt' ->> 'halt_id';

-- halt_again: Halt a scope that was halted, as the topic tells.
SELECT people.halt(%(venue)s, %(pair)s, %(by)s, %(reason)s);

-- known: Note that this run was looked at.
INSERT INTO custodian.incarnations (started_at, database, system, anew, lacking)
SELECT i.started_at, i.database, i.system, true, %(lacking)s FROM custodian.incarnation() AS i
ON CONFLICT (started_at, database, system) DO UPDATE SET lacking = EXCLUDED.lacking, anew = true, looked_at = clock_timestamp();
