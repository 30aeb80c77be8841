-- in_force: Return the digest of the policy in force.
SELECT sha256 FROM risk.activations ORDER BY activation_id DESC LIMIT 1;

-- content: Return name, version and bytes of a policy that was active.
SELECT name, version, content FROM risk.policies WHERE sha256 = %(sha256)s;

-- lock: Keep others from activating until this transaction ends.
SELECT pg_advisory_xact_lock(hashtext('custodian'), hashtext('policies'));

-- first: Put the first policy in force, in the name of whoever prepares the database.
SELECT risk.activate(%(content)s, %(name)s, %(version)s, '{}', session_user, 'init', 'the first policy of this database')
 WHERE NOT EXISTS (SELECT FROM risk.activations);

-- activate: Agree to a policy, as the person whose login this is.
SELECT people.activate(%(content)s, %(name)s, %(version)s, %(by)s, %(reason)s);

-- has_agreed: Tell whether this login has agreed within the hour to a policy, in the place of the one in force.
SELECT FROM custodian.agreements AS a
 WHERE a.act = 'activate-policy' AND a.shown_sha256 = %(sha256)s AND a.login = session_user AND a.at > clock_timestamp() - interval '1 hour'
   AND a.about = (SELECT count(*) FROM risk.activations)::text || ' ' || %(name)s || ' ' || %(version)s::text;

-- listed: Return what became active, newest first.
SELECT a.activation_id, p.name, p.version, a.sha256, a.agreed_by, a.login, a.named, a.reason, a.at
  FROM risk.activations AS a JOIN risk.policies AS p USING (sha256) ORDER BY a.activation_id DESC;
