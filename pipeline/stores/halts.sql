-- hold_shared: Keep halts from being committed until this transaction ends.
LOCK TABLE commands.gate IN ROW EXCLUSIVE MODE;

-- halt: Halt a scope, as the person whose login this is.
SELECT people.halt(%(venue)s, %(pair)s, %(by)s, %(reason)s);

-- resume: Agree to end the halt of exactly this scope, as the person whose login this is.
SELECT people.resume(%(venue)s, %(pair)s, %(shown)s, %(by)s, %(reason)s);

-- active_halts: Return the halts in force, oldest first.
SELECT halt_id, venue, pair, reason, halted_by, halted_at, login, commands.shown(h),
       ARRAY(SELECT a.login FROM custodian.agreements AS a WHERE a.act = 'resume' AND a.about = h.halt_id::text
                AND a.at > clock_timestamp() - interval '1 hour' ORDER BY a.at, a.login)
  FROM commands.halts AS h WHERE resumed_at IS NULL ORDER BY halt_id;

-- covering_halt: Return a halt in force that covers this venue and pair.
SELECT halt_id, venue, pair, reason, halted_by, halted_at FROM commands.halts
 WHERE resumed_at IS NULL AND (venue IS NULL OR venue = %(venue)s) AND (pair IS NULL OR pair = %(pair)s) ORDER BY halt_id LIMIT 1;
