-- A policy becomes active by an act (infra/decisions/0017): its bytes, by whom, when. Whoever decides goes by the newest activation.

CREATE TABLE risk.policies (
    sha256  text    PRIMARY KEY CHECK (sha256 = encode(sha256(content), 'hex')),
    name    text    NOT NULL CHECK (name <> '' AND length(name) <= 200),
    version integer NOT NULL CHECK (version > 0),
    content bytea   NOT NULL CHECK (octet_length(content) <= 200000),
    -- The same version with other bytes is another policy that passes for this one.
    UNIQUE (name, version)
);

COMMENT ON TABLE risk.policies IS 'Every policy that was ever active, by the digest of its bytes; `content` is the file as it was shown.';

CREATE TABLE risk.activations (
    activation_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256        text        NOT NULL REFERENCES risk.policies,
    -- Empty for the first one, which `custodian init` activates on a database that never had any.
    agreed_by     text[]      NOT NULL,
    login         text        NOT NULL,
    address       inet,
    named         text        NOT NULL,
    reason        text        NOT NULL,
    at            timestamptz NOT NULL
);

COMMENT ON TABLE risk.activations IS 'Which policy became active when, and who agreed; the newest one is in force.';

CREATE TRIGGER policies_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON risk.policies
    FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change();
CREATE TRIGGER activations_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON risk.activations
    FOR EACH STATEMENT EXECUTE FUNCTION custodian.refuse_change();

-- Put a policy in force, under the lock of policies that the caller holds, with its event in the outbox; return its row.
CREATE FUNCTION risk.activate(bytes bytea, of_name text, of_version integer, people text[], who text, label text, why text)
RETURNS risk.activations
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    digest text := encode(sha256(bytes), 'hex');
    known  risk.policies;
    before text := (SELECT a.sha256 FROM risk.activations AS a ORDER BY a.activation_id DESC LIMIT 1);
    made   risk.activations;
BEGIN
    INSERT INTO risk.policies (sha256, name, version, content) VALUES (digest, of_name, of_version, bytes) ON CONFLICT (sha256) DO NOTHING;
    SELECT * INTO known FROM risk.policies AS p WHERE p.sha256 = digest;
    IF (known.name, known.version) <> (of_name, of_version) THEN
        RAISE EXCEPTION 'these bytes are the policy %, version %', known.name, known.version USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO risk.activations (sha256, agreed_by, login, address, named, reason, at)
    VALUES (digest, people, who, inet_client_addr(), label, why, clock_timestamp()) RETURNING * INTO made;
    INSERT INTO custodian.outbox (ce_id, kind, source, subject, at, correlation_id, causation_id, key, value)
    VALUES (custodian.derive_id('policy_activated', made.activation_id::text, digest), 'policy-activated.v1', '/operators', of_name, made.at,
            custodian.derive_id('correlation', '', 'policy'), NULL, of_name,
            convert_to(json_strip_nulls(json_build_object(
                'name', of_name, 'version', of_version, 'sha256', digest, 'content', convert_from(bytes, 'UTF8'), 'replaces', before,
                'agreed_by', people, 'login', who, 'address', host(inet_client_addr()), 'by', label, 'reason', why,
                'at', custodian.time_text(made.at)))::text, 'UTF8'));
    RETURN made;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'version % of the policy % was active with other bytes; give the changed one a new version', of_version, of_name
        USING ERRCODE = 'invalid_parameter_value';
END $$;

-- Agree to a policy, by the bytes that were shown; the second person's word, within an hour of the first, puts it in force.
CREATE FUNCTION people.activate(bytes bytea, of_name text, of_version integer, label text, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person custodian.people;
    digest text := encode(sha256(bytes), 'hex');
    agreed text[];
BEGIN
    person := custodian.who_speaks(label, why);
    PERFORM pg_advisory_xact_lock(hashtext('custodian'), hashtext('policies'));
    IF (SELECT a.sha256 FROM risk.activations AS a ORDER BY a.activation_id DESC LIMIT 1) = digest THEN
        RETURN jsonb_build_object('outcome', 'already', 'login', person.login);
    END IF;
    PERFORM FROM risk.policies AS p WHERE (p.name, p.version) = (of_name, of_version) AND p.sha256 <> digest;
    IF FOUND THEN
        RAISE EXCEPTION 'version % of the policy % was active with other bytes; give the changed one a new version', of_version, of_name
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- About this place in the row of activations: words for a policy that was replaced meanwhile do not bring it back.
    agreed := custodian.agree(
        person, 'activate-policy', (SELECT count(*) FROM risk.activations)::text || ' ' || of_name || ' ' || of_version::text, digest, label, why);
    IF cardinality(agreed) < 2 THEN
        RETURN jsonb_build_object('outcome', 'counted', 'agreed_by', to_jsonb(agreed), 'login', person.login);
    END IF;
    PERFORM risk.activate(bytes, of_name, of_version, agreed, person.login, label, why);
    RETURN jsonb_build_object('outcome', 'activated', 'agreed_by', to_jsonb(agreed), 'login', person.login);
END $$;

REVOKE ALL ON FUNCTION
    people.activate(bytea, text, integer, text, text), risk.activate(bytea, text, integer, text[], text, text, text) FROM PUBLIC;
