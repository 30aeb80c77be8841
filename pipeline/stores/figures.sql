-- halts: How many halts are in force.
SELECT count(*) FROM commands.halts WHERE resumed_at IS NULL;

-- referrals: How many decisions wait for people, and when the first of them expires.
SELECT count(*), min(expires_at) FROM risk.referrals WHERE state = 'pending' AND expires_at > clock_timestamp();

-- commands: How many commands have no definite answer, under way and given up; read from the index over open ones.
SELECT count(*) FILTER (WHERE state <> 'unknown'), count(*) FILTER (WHERE state = 'unknown') FROM commands.journal WHERE open;

-- outbox: For how many seconds the oldest event has waited to be published.
SELECT coalesce(extract(epoch FROM clock_timestamp() - least(
           (SELECT min(at) FROM custodian.outbox WHERE published_at IS NULL),
           (SELECT min(completed_at) FROM commands.journal WHERE completed_at IS NOT NULL AND published_at IS NULL))), 0)::float8;

-- unsequenced: How many archived offsets wait for their index: the ends of two indexes for each partition, no record is counted.
SELECT coalesce(sum(greatest(coalesce(r.last, -1) - coalesce(l.last, -1), 0)), 0)
  FROM custodian.positions p
  JOIN archive.topics t ON t.topic = p.topic
 CROSS JOIN LATERAL (
       SELECT max(r."offset") AS last FROM archive.records r WHERE r.topic_no = t.topic_no AND r.partition = p.partition) r
 CROSS JOIN LATERAL (
       SELECT max(l."offset") AS last FROM archive.leaves l WHERE l.topic_no = t.topic_no AND l.partition = p.partition) l
 WHERE p.consumer = 'archive';

-- breaks: How many breaks are open, by severity.
SELECT severity, count(*) FROM ledger.breaks WHERE state = 'open' GROUP BY 1;

-- upkeep: How the tasks of the schedule did.
SELECT task, ended_at, extract(epoch FROM ended_at - began_at)::float8, done, findings, failure IS NOT NULL FROM custodian.upkeep;
