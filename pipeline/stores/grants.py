"""Who may do what in the database: one table of grants, the SQL that makes it so, and what differs from it (infra/decisions/0019).

Promises: what stands here is given and nothing else; a table without a line is nobody's but the owner's; roles that share a table write
only their own rows of it; everything of ours belongs to the owner, who cannot log in. People are in it by their groups (decision 0016).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, get_args

from pipeline.settings import RoleName
from pipeline.stores.postgres import Connection

SCHEMAS = ("custodian", "risk", "commands", "ledger", "archive", "accounting", "compliance", "people")
ROLES: tuple[RoleName, ...] = get_args(RoleName)
READERS = {"accounting_reader": "accounting", "compliance_reader": "compliance"}
"""Roles of the whole server, each with the schema whose views it reads."""
GROUPS = ("view", "approve", "operate")
"""What people may do with this database; as the roles' own, names begin with the database's, since they belong to the whole server."""
GROUP = """CASE WHEN may = 'account' THEN 'accounting_reader' WHEN may = 'comply' THEN 'compliance_reader' WHEN may = 'PUBLIC' THEN 'public'
    WHEN octet_length(current_database()) <= least(54, 62 - length(may)) THEN current_database() || '_' || may
    ELSE md5(current_database()) || '_' || may END"""
"""SQL: the role of those who may do what `may` says; a name has 63 bytes at most, so a long one of a database is digested."""

_READ, _ADD, _KEEP, _HOLD = "SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"

_EVERY = {
    "custodian.migrations": _READ,
    "custodian.incarnations": _READ,
    "custodian.positions": _READ,
    "commands.halts": "SELECT (venue, pair, resumed_at)",
    "custodian.roles": _HOLD,
}
"""Every role: is the database prepared, has it gone back and forgotten a halt, and its own heartbeat."""
_CONSUMER = {
    **_EVERY,
    "custodian.positions": "SELECT, UPDATE (next_offset, updated_at)",
    "custodian.suspects": _HOLD,
    "custodian.set_aside": _ADD,
    "custodian.states": "SELECT (processor, key, wake_at)",
}
"""Who reads topics: its positions, and what stands about attempts that failed."""
_PROCESSOR = {**_CONSUMER, "custodian.states": _KEEP, "custodian.readings": _ADD}
_BELIEF = {
    "risk.decisions": _READ,
    "risk.referrals": _READ,
    "risk.approvals": _READ,
    "risk.questions": "SELECT (request_id, context_sha256, context)",
    "risk.answers": "SELECT (decision_id, signed, signature)",
}
"""Whose answers are believed. Nobody writes all that one rests on: decisions are the engine's, questions the sink's, approvals people's."""
_LIMITS = {
    "risk.exposures": _KEEP,
    "risk.tallies": _READ,  # its triggers write them
    "risk.policies": _READ,
    "risk.activations": _READ,
}
_REQUESTS = {"custodian.request_budgets": _KEEP, "custodian.venue_parties": _ADD}
"""Who asks a venue."""

TABLES: Mapping[str, Mapping[str, str]] = {
    "ingest": {
        **_EVERY,
        **_REQUESTS,
        "custodian.leases": _KEEP,
        "custodian.ingest_cursors": _KEEP,
        "custodian.ingest_facts": _ADD,
        "custodian.ingest_open": "SELECT, INSERT, DELETE",
        "custodian.ingest_evidence": _HOLD,
        "custodian.ingest_unfinished": _HOLD,
        "custodian.venues": _KEEP,
        "commands.journal": "SELECT (venue, intent_id, kind, state, completed_at)",
        # `[schedule] reconcile_venue`
        "custodian.upkeep": _KEEP,
        "ledger.entries": _READ,
        "ledger.breaks": _KEEP,
        "custodian.acts": _READ,
        "custodian.resolutions": "SELECT, UPDATE (ended_at)",
    },
    "settlement": {
        **_PROCESSOR,
        # `[schedule] states_prune`
        "custodian.states": _HOLD,
        "custodian.upkeep": _KEEP,
        "ledger.entries": _READ,
        "risk.exposures": "SELECT (venue, intent_id, state)",
    },
    "workflow": {**_PROCESSOR, **_BELIEF, "commands.journal": "SELECT (venue, intent_id, state)"},
    "risk": {
        **_PROCESSOR,
        **_BELIEF,
        **_LIMITS,
        "risk.ended": _KEEP,
        "risk.decisions": _ADD,
        "commands.journal": "SELECT (venue, intent_id, kind, decision_id, state, open)",
    },
    "commands": {
        **_CONSUMER,
        **_REQUESTS,
        **_BELIEF,
        **_LIMITS,
        "commands.journal": _KEEP,
        "commands.attempts": "SELECT, INSERT, UPDATE (outcome, reason, http_status, ended_at)",
        "commands.halts": _READ,
        "commands.gate": "INSERT",  # the right to hold it; a row it takes of nobody
        "risk.ended": _READ,
        "risk.questions": _ADD,
        "risk.answers": _ADD,
        # As pending only, which its own columns' defaults say: what people agree on their function says.
        "risk.referrals": "SELECT, INSERT (decision_id, request_id, venue, intent_id, question, quote_id, context_sha256, shown,"
        " shown_sha256, approvers_needed, expires_at, decision, causation_id, opened_at), UPDATE (state, closed_at, answer_id, answer)",
        "custodian.outbox": "SELECT, INSERT, UPDATE (published_at)",
    },
    "ledger": {
        **_CONSUMER,
        "ledger.currencies": _ADD,
        "ledger.accounts": _ADD,
        "ledger.entries": _ADD,
        "ledger.postings": _ADD,
        "ledger.balances": _READ,  # the trigger of postings moves them
    },
    "archive": {
        **_CONSUMER,
        "archive.topics": _ADD,
        "archive.records": _ADD,
        "archive.leaves": _ADD,
        "archive.passed": _ADD,
        # `[schedule] archive_verify`
        "custodian.upkeep": _KEEP,
        "custodian.reached": _READ,
        # Figures of what is open.
        "compliance.records": _READ,
        "custodian.acts": _READ,
        "custodian.requeues": _READ,
        "custodian.closed_letters": _READ,
        "custodian.outbox": "SELECT (at, published_at)",
        "commands.journal": "SELECT (state, open, completed_at, published_at)",
        "risk.referrals": "SELECT (state, expires_at)",
        "ledger.breaks": "SELECT (state, severity)",
    },
}
"""What each role does with which table; what stands at no table, it may not."""

OF_THE_OWNER = ("custodian.looks", "custodian.people", "custodian.agreements", "custodian.requeued", "custodian.past_positions")
"""Tables that no role does anything with: functions of people, and whoever runs `init` or begins a topic anew, write them."""

_NOTED = "custodian.note_run(jsonb,text[])"
FUNCTIONS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(ROLES, ("custodian.incarnation()", "custodian.group_of(text)", _NOTED)),
    "risk": ("custodian.incarnation()", "custodian.group_of(text)", _NOTED, "risk.tallied(risk.exposures)"),
    "commands": ("custodian.incarnation()", "custodian.group_of(text)", _NOTED, "risk.tallied(risk.exposures)"),
    "view": (
        "custodian.group_of(text)",
        "custodian.may(text)",
        "custodian.time_text(timestamp with time zone)",
        "commands.shown(commands.halts)",
    ),
    "approve": ("people.answer(text,text,text,text,text)", "people.activate(bytea,text,integer,text,text)"),
    "operate": ("people.resume(text,text,text,text,text)", "people.acknowledge(text,text,text)", "people.resolve(text,text,text)"),
    "PUBLIC": ("people.halt(text,text,text,text)",),
}

_CONSUMERS = {role: (role,) for role in ROLES if role != "ingest"} | {"commands": ("commands", "decisions")}
ROWS: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]] = {
    "custodian.positions": ("consumer", _CONSUMERS),
    "custodian.suspects": ("consumer", _CONSUMERS),
    "custodian.set_aside": ("consumer", _CONSUMERS),
    "custodian.states": ("processor", {role: (role,) for role in ("settlement", "workflow", "risk")}),
    "custodian.readings": ("processor", {role: (role,) for role in ("settlement", "workflow", "risk")}),
    "custodian.roles": ("role", {role: (role,) for role in ROLES}),
    "custodian.upkeep": (
        "split_part(task, '/'::text, 1)",
        {"ingest": ("reconcile_venue",), "settlement": ("states_prune",), "archive": ("archive_verify",)},
    ),
}
"""Tables that roles share: which rows each may write, by an expression over the row. Everybody who may read the table reads all of it."""

ADDS: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]] = {
    # Answers of people; acts and what they publish come from who makes them, or from functions of the owner.
    "custodian.outbox": ("kind", {"commands": ("decision-made.v1",)}),
}
"""Tables to which a role may add rows of a kind alone; what else it may do there, it may do with all of them."""

EVERYBODY = ("PUBLIC", *READERS, *GROUPS, *ROLES)
_EVERYBODY_READS = "read"
CLOSE_LARGE_OBJECTS = (
    "REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid), pg_catalog.lo_creat(integer), pg_catalog.lo_from_bytea(oid, bytea) FROM PUBLIC"
)
"""For a superuser, in the database: whoever can connect can fill the disk with large objects else, which belong to no table."""

Right = tuple[str, str, str, str]
"""Who, on what (`schema custodian`, `table risk.referrals`, `function people.halt(…)`, `database`), which column or "", which privilege."""


def parsed(rights: str) -> Iterator[tuple[str, str]]:
    """Yield privilege and column ("": the whole table) of a line of `TABLES`."""
    for privilege, columns in re.findall(r"([A-Z]+)(?: \(([^)]*)\))?", rights):
        for column in columns.split(", "):
            yield privilege, column


def row_rule(table: str, role: str) -> str:
    """Return the expression that the rows have which a role may write, as PostgreSQL spells it."""
    expression, roles = {**ROWS, **ADDS}[table]
    listed = [f"'{value}'::text" for value in roles[role]]
    return f"({expression} = {listed[0]})" if len(listed) == 1 else f"({expression} = ANY (ARRAY[{', '.join(listed)}]))"


class _Policy(NamedTuple):
    table: str
    name: str
    whose: str
    about: str
    rows: str | None
    written: str | None

    def sql(self) -> str:
        clauses = (f"{verb} ({rule})" for verb, rule in (("USING", self.rows), ("WITH CHECK", self.written)) if rule is not None)
        return f"FOR {self.about} TO %s {' '.join(clauses)}"


def policies() -> Iterator[_Policy]:
    """Yield the rules of rows."""
    for table, (_, roles) in {**ROWS, **ADDS}.items():
        yield _Policy(table, _EVERYBODY_READS, "PUBLIC", "SELECT", "true", None)
        for role in roles:
            rule = row_rule(table, role)
            if table in ROWS:
                yield _Policy(table, role, role, "ALL", rule, rule)
            else:
                yield _Policy(table, role, role, "INSERT", None, rule)
                yield _Policy(table, f"{role}_changes", role, "UPDATE", "true", None)


# --- making it so --------------------------------------------------------------------------------------------------------


def roles_sql() -> str:
    """Return the SQL that makes owner, groups and roles, without logins, and puts whoever runs it into the owner's."""
    names = "', '".join((*GROUPS, "owner", *ROLES))
    return "\n".join(
        [
            *(
                f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another init made it just now
END $$;"""
                for role in READERS
            ),
            f"""DO $$ DECLARE may text; BEGIN
  FOREACH may IN ARRAY ARRAY['{names}'] LOOP
    IF to_regrole(quote_ident({GROUP})) IS NULL THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', {GROUP});
      IF may IN ('approve', 'operate') THEN EXECUTE format('GRANT %I TO %I', {GROUP.replace("may", "'view'")}, {GROUP}); END IF;
    END IF;
  END LOOP;
  may := 'owner';
  IF NOT pg_has_role({GROUP}, 'USAGE') THEN EXECUTE format('GRANT %I TO CURRENT_USER', {GROUP}); END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;""",
        ]
    )


def owner_sql() -> str:
    """Return the SQL that gives the owner what is ours and somebody else's, such as all of it in a database of before; and the database."""
    places = "', '".join(SCHEMAS)
    return f"""DO $$ DECLARE may text := 'owner'; one record; proprietor text := {GROUP}; BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
     OR pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('GRANT CREATE, CONNECT ON DATABASE %I TO %I', current_database(), proprietor);
  END IF;
  FOR one IN
    SELECT 'SCHEMA' AS kind, quote_ident(n.nspname) AS name, 1 AS place
      FROM pg_namespace AS n WHERE n.nspname IN ('{places}') AND n.nspowner <> proprietor::regrole
    UNION ALL
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
           c.oid::regclass::text, 2
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('{places}') AND c.relowner <> proprietor::regrole AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
    UNION ALL
    SELECT 'FUNCTION', p.oid::regprocedure::text, 3
      FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname IN ('{places}') AND p.proowner <> proprietor::regrole
    UNION ALL
    SELECT 'DOMAIN', t.oid::regtype::text, 3
      FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
     WHERE n.nspname IN ('{places}') AND t.typowner <> proprietor::regrole AND t.typtype = 'd'
    ORDER BY place
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO %I', one.kind, one.name, proprietor);
  END LOOP;
END $$;
SELECT pg_catalog.set_config('role', {GROUP.replace("may", "'owner'")}, true);"""  # noqa: S608 - our own names


def grants_sql() -> str:
    """Return the SQL that takes what nobody shall have and gives what the table says, as the owner; then the database's, as who began."""
    everybody, places = ("ARRAY['" + "', '".join(names) + "']" for names in (EVERYBODY, SCHEMAS))
    readable = ", ".join(
        f"('{who}', '{place}')" for who, place in [*READERS.items(), *(("view", place) for place in SCHEMAS if place != "people")]
    )
    given = ",\n    ".join(
        [
            *(f"('{who}', '{table}', '{rights}')" for who, lines in TABLES.items() for table, rights in lines.items()),
            *(f"('{who}', '{function}', 'EXECUTE')" for who, functions in FUNCTIONS.items() for function in functions),
        ]
    )
    rows = ",\n    ".join(f"('{rule.table}', '{rule.name}', '{rule.whose}', $rule${rule.sql()}$rule$)" for rule in policies())
    return f"""DO $$ DECLARE
  place text; one record; whom text;
  everybody text := (SELECT string_agg({_named("who")}, ', ') FROM unnest({everybody}) AS who);
BEGIN
  FOREACH place IN ARRAY {places} LOOP
    CONTINUE WHEN to_regnamespace(place) IS NULL;
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %s', place, everybody);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %s', place, everybody);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %s', place, everybody);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM %s', place, everybody);
    FOR one IN SELECT t.oid::regtype::text AS name FROM pg_type AS t WHERE t.typnamespace = place::regnamespace AND t.typtype = 'd' LOOP
      EXECUTE format('REVOKE ALL ON DOMAIN %s FROM %s', one.name, everybody);
    END LOOP;
  END LOOP;
  FOR one IN SELECT * FROM (VALUES {readable}) AS r (who, place) WHERE to_regnamespace(r.place) IS NOT NULL LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', one.place, {_named("one.who")});
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %s', one.place, {_named("one.who")});
  END LOOP;
  FOR one IN SELECT * FROM (VALUES
    {given}) AS g (who, what, rights)
  LOOP
    CONTINUE WHEN coalesce(CASE one.rights WHEN 'EXECUTE' THEN to_regprocedure(one.what)::oid ELSE to_regclass(one.what)::oid END, 0) = 0;
    whom := {_named("one.who")};
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', split_part(one.what, '.', 1), whom);
    EXECUTE format('GRANT %s ON %s %s TO %s', one.rights, CASE one.rights WHEN 'EXECUTE' THEN 'FUNCTION' ELSE 'TABLE' END, one.what, whom);
  END LOOP;
  FOR one IN SELECT format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass) AS dropped
               FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid WHERE c.relnamespace = 'custodian'::regnamespace
  LOOP
    EXECUTE one.dropped;
  END LOOP;
  FOR one IN SELECT * FROM (VALUES
    {rows}) AS r (what, name, who, rule)
  LOOP
    CONTINUE WHEN to_regclass(one.what) IS NULL;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', one.what);
    EXECUTE format('CREATE POLICY %I ON %s ' || one.rule, one.name, one.what, {_named("one.who")});
  END LOOP;
END $$;
RESET ROLE;
DO $$ DECLARE one text; BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
     OR pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    FOREACH one IN ARRAY {everybody} LOOP
      IF one <> 'PUBLIC' THEN EXECUTE format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), {_named("one")}); END IF;
    END LOOP;
  END IF;
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE '{CLOSE_LARGE_OBJECTS}';
  END IF;
END $$;"""  # noqa: S608 - our own names


def _named(who: str) -> str:
    """Return the SQL of the role's name, quoted, of somebody of `EVERYBODY`."""
    return (
        f"CASE WHEN {who} = 'PUBLIC' THEN 'PUBLIC' WHEN {who} LIKE '%\\_reader' THEN {who} ELSE quote_ident(custodian.group_of({who})) END"
    )


# --- what is so ----------------------------------------------------------------------------------------------------------

_NAMES = """SELECT who, CASE WHEN who = 'PUBLIC' THEN 0::oid WHEN who LIKE '%%\\_reader' THEN to_regrole(who)::oid
       ELSE to_regrole(quote_ident(custodian.group_of(who)))::oid END AS oid FROM unnest(%(everybody)s::text[]) AS who"""

_ACTUAL = f"""
WITH names AS ({_NAMES}), places AS (SELECT * FROM pg_namespace WHERE nspname = ANY (%(schemas)s)), held AS (
    SELECT 'schema ' || nspname AS what, '' AS part, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM places
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || c.oid::regclass::text, '',
           coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))
      FROM pg_class AS c JOIN places AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL
    SELECT 'table ' || c.oid::regclass::text, a.attname, a.attacl
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN places AS n ON n.oid = c.relnamespace
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure::text, '', coalesce(p.proacl, acldefault('f', p.proowner))
      FROM pg_proc AS p JOIN places AS n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'domain ' || t.oid::regtype::text, '', coalesce(t.typacl, acldefault('T', t.typowner))
      FROM pg_type AS t JOIN places AS n ON n.oid = t.typnamespace WHERE t.typtype = 'd'
    UNION ALL
    SELECT 'database', '', coalesce(d.datacl, acldefault('d', d.datdba)) FROM pg_database AS d WHERE d.datname = current_database()
)
SELECT names.who, held.what, held.part, g.privilege_type
  FROM held CROSS JOIN LATERAL aclexplode(held.acl) AS g JOIN names ON names.oid = g.grantee
"""  # noqa: S608 - a constant

_THERE = """
SELECT 'table ' || c.oid::regclass::text, n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL
SELECT 'function ' || p.oid::regprocedure::text, n.nspname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname = ANY (%(schemas)s)
UNION ALL
SELECT 'schema ' || nspname, nspname FROM pg_namespace WHERE nspname = ANY (%(schemas)s)
"""

_OWNERS = """
WITH places AS (SELECT * FROM pg_namespace WHERE nspname = ANY (%(schemas)s)), owned AS (
    SELECT 'schema ' || nspname AS what, nspowner AS owner FROM places
    UNION ALL SELECT 'table ' || c.oid::regclass::text, c.relowner FROM pg_class AS c JOIN places AS n ON n.oid = c.relnamespace
    UNION ALL SELECT 'function ' || p.oid::regprocedure::text, p.proowner FROM pg_proc AS p JOIN places AS n ON n.oid = p.pronamespace
    UNION ALL SELECT 'domain ' || t.oid::regtype::text, t.typowner FROM pg_type AS t JOIN places AS n ON n.oid = t.typnamespace
     WHERE t.typtype = 'd')
SELECT what || ' belongs to ' || owner::regrole::text FROM owned
 WHERE owner IS DISTINCT FROM to_regrole(quote_ident(custodian.group_of('owner'))) ORDER BY 1
"""

_POLICIES = f"""
WITH names AS ({_NAMES})
SELECT p.polrelid::regclass::text, p.polname, p.polcmd::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
       (SELECT string_agg(names.who, ',') FROM names WHERE names.oid = ANY (p.polroles)), c.relrowsecurity
  FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid WHERE c.relnamespace = 'custodian'::regnamespace
"""  # noqa: S608 - a constant


def actual(connection: Connection) -> set[Right]:
    """Return what everybody of ours has been given in the database; what a superuser or an owner may stands in no grant."""
    return set(connection.execute(_ACTUAL.encode(), {"everybody": list(EVERYBODY), "schemas": list(SCHEMAS)}).fetchall())


def wanted(connection: Connection) -> set[Right]:
    """Return what everybody of ours shall have, of what is there by now."""
    there: dict[str, str] = dict(connection.execute(_THERE, {"schemas": list(SCHEMAS)}).fetchall())
    found: set[Right] = {(who, "database", "", "CONNECT") for who in EVERYBODY if who != "PUBLIC"}
    for who, place in [*READERS.items(), *(("view", place) for place in SCHEMAS if place != "people")]:
        found |= {(who, what, "", "SELECT") for what, where in there.items() if where == place and what.startswith("table ")}
        found |= {(who, f"schema {place}", "", "USAGE")} if f"schema {place}" in there else set()
    for role, lines in TABLES.items():
        for table, rights in lines.items():
            if f"table {table}" in there:
                found |= {(role, f"table {table}", column, privilege) for privilege, column in parsed(rights)}
                found.add((role, f"schema {table.partition('.')[0]}", "", "USAGE"))
    for who, functions in FUNCTIONS.items():
        for function in functions:
            if f"function {function}" in there:
                found |= {(who, f"function {function}", "", "EXECUTE"), (who, f"schema {function.partition('.')[0]}", "", "USAGE")}
    return found


def differences(connection: Connection) -> list[str]:
    """Return what is otherwise in the database than it stands here, for people, in order; nothing when all is well."""
    has, shall = actual(connection), wanted(connection)
    named = {"everybody": list(EVERYBODY), "schemas": list(SCHEMAS)}
    lines = [f"{_said(right)} and shall not" for right in has - shall] + [f"{_said(right)} not, and shall" for right in shall - has]
    lines += [line for (line,) in connection.execute(_OWNERS, named).fetchall()]
    ruled = {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(_POLICIES.encode(), named).fetchall()}
    expected: dict[tuple[str, str], tuple[object, ...]] = {}
    there = {what for _, what, _, _ in shall}
    for rule in policies():
        if f"table {rule.table}" in there:
            command = {"SELECT": "r", "ALL": "*", "INSERT": "a", "UPDATE": "w"}[rule.about]
            expected[rule.table, rule.name] = (command, rule.rows, rule.written, rule.whose, True)
    lines += [
        f"rows of {table}: the rule {name} is otherwise"
        for table, name in ruled.keys() | expected.keys()
        if ruled.get((table, name)) != expected.get((table, name))
    ]
    return sorted(lines)


def _said(right: Right) -> str:
    who, what, part, privilege = right
    return f"{who} has {privilege}{f' ({part})' if part else ''} on {what}"


def makes_large_objects(connection: Connection) -> bool:
    """Tell whether whoever can connect can make large objects: only a superuser can take that, so it is no difference that `init` mends."""
    row = connection.execute(
        """
        SELECT bool_or(g.grantee = 0) FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS g
         WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('lo_create', 'lo_creat', 'lo_from_bytea')
        """
    ).fetchone()
    return row == (True,)


def without_login(connection: Connection) -> list[str]:
    """Return the roles that cannot log in: neither themselves nor by a login that an administrator put into them."""
    rows = connection.execute(
        """
        SELECT r.rolname FROM unnest(%s::text[]) AS may JOIN pg_roles AS r ON r.rolname = custodian.group_of(may)
         WHERE NOT r.rolcanlogin AND NOT EXISTS (SELECT FROM pg_auth_members AS m JOIN pg_roles AS l ON l.oid = m.member
                                                  WHERE m.roleid = r.oid AND l.rolcanlogin AND pg_has_role(l.oid, r.oid, 'USAGE'))
         ORDER BY 1
        """,
        (list(ROLES),),
    ).fetchall()
    return [name for (name,) in rows]


def too_much(connection: Connection) -> str | None:
    """Return what this session's login could do that no role may: it owns tables, makes logins, or is not held by rights; None: nothing."""
    row = connection.execute(
        """
        SELECT current_user,
               bool_or(r.rolsuper), bool_or(r.rolcreaterole OR r.rolcreatedb), bool_or(r.rolbypassrls OR r.rolreplication),
               bool_or(EXISTS (SELECT FROM pg_class AS c WHERE c.oid = to_regclass('custodian.migrations') AND c.relowner = r.oid))
          FROM pg_roles AS r WHERE pg_has_role(r.oid, 'MEMBER')
        """
    ).fetchone()
    assert row is not None
    does = ("is a superuser", "makes logins or databases", "reads and writes past the rules of rows", "owns the tables")
    return next((f"{row[0]} {what}" for what, so in zip(does, row[1:], strict=True) if so), None)
