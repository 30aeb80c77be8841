-- is_known: Tell whether this run of the server was looked at.
SELECT EXISTS (SELECT FROM custodian.incarnations AS k JOIN custodian.incarnation() AS i USING (started_at, database, system));

-- lock: Let one look at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('custodian'), hashtext('incarnations'));

-- positions: Return what each consumer has stored.
SELECT consumer, topic, partition, next_offset FROM custodian.positions;

-- halts: Return every scope that was ever halted, whether it is so now, and when it was last ended.
SELECT venue, pair, bool_or(resumed_at IS NULL), max(resumed_at) FROM commands.halts GROUP BY venue, pair;

-- halt: Halt everything.
SELECT people.halt(NULL, NULL, 'custodian', %(reason)s);

-- halt_again: Halt a scope that was halted, as the topic tells.
SELECT people.halt(%(venue)s, %(pair)s, %(by)s, %(reason)s);

-- note: Note the look: open commands may have been sent, the database has gone back where there is an alarm, and calls may begin.
SELECT custodian.note_run(%(lacking)s, %(told)s::text[]);
