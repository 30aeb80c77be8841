-- Somebody who is removed says nothing more, and what was said counts no more; nor does an open transaction keep the removal waiting.

-- Take every right of a person, and close the login where no other group of the server holds it. Committed before remove_person, it lets no
-- new session hold the removal up. For who administers logins.
CREATE FUNCTION custodian.close_person(person text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one text;
BEGIN
    PERFORM FROM custodian.people AS p WHERE p.login = person AND p.removed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is none of the people; custodian people list shows them', person USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH one IN ARRAY custodian.may(person) LOOP
        EXECUTE format('REVOKE %I FROM %I', custodian.group_of(one), person);
    END LOOP;
    IF custodian.may(person) <> '{}' THEN
        RAISE EXCEPTION 'somebody else put % into a group; the administrator who did can run this', person
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = to_regrole(quote_ident(person))) THEN
        BEGIN
            EXECUTE format('ALTER ROLE %I NOLOGIN', person);
        EXCEPTION WHEN insufficient_privilege THEN NULL;  -- somebody else made it, and may have it for something else
        END;
    END IF;
END $$;

-- End a person's rights, sessions here and standing; the name stays, so that nobody else is taken for who spoke under it.
CREATE OR REPLACE FUNCTION custodian.remove_person(person text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM custodian.close_person(person);
    BEGIN
        -- Who made a login may take it, and has to in order to end its sessions.
        EXECUTE format('GRANT %I TO CURRENT_USER', person);
        PERFORM pg_terminate_backend(a.pid, 2000) FROM pg_stat_activity AS a
          WHERE a.usename = person AND a.datname = current_database() AND a.pid <> pg_backend_pid();
        EXECUTE format('REVOKE %I FROM CURRENT_USER', person);
    EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN NULL;  -- it is somebody else's to end
    END;
    UPDATE custodian.people AS p SET removed_at = clock_timestamp(), removed_by = session_user
     WHERE p.login = person AND p.removed_at IS NULL;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION '% speaks in a transaction that has not ended; end the sessions of that login, and say it again', person
        USING ERRCODE = 'lock_not_available', HINT = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = …';
END $$;

-- Note that this person agrees to an act about exactly what was shown, and return who has within the hour, first to last: who was removed since,
-- or added again since, has not.
CREATE OR REPLACE FUNCTION custodian.agree(person custodian.people, to_act text, to_what text, shown text, label text, why text) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    lapsed timestamptz := moment - interval '1 hour';
BEGIN
    IF NOT EXISTS (SELECT FROM custodian.agreements AS a WHERE (a.act, a.about, a.shown_sha256, a.login) = (to_act, to_what, shown, person.login)
                   AND a.at > lapsed AND a.at >= person.added_at) THEN
        INSERT INTO custodian.agreements (act, about, shown_sha256, login, address, issuer, subject, named, reason, at)
        VALUES (to_act, to_what, shown, person.login, inet_client_addr(), person.issuer, person.subject, label, why, moment);
        PERFORM custodian.note_act(
            custodian.derive_id('operator_acted', 'agree', to_act, to_what, shown, person.login, custodian.time_text(moment)), 'global',
            custodian.derive_id('correlation', '', to_act), NULL, moment,
            json_build_object('action', 'agree', 'shown_sha256', shown, 'subject', to_act || ' ' || to_what, 'login', person.login,
                              'address', host(inet_client_addr()), 'by', label, 'reason', why, 'at', custodian.time_text(moment)));
    END IF;
    RETURN ARRAY(SELECT a.login FROM custodian.agreements AS a JOIN custodian.people AS p USING (login)
                  WHERE (a.act, a.about, a.shown_sha256) = (to_act, to_what, shown) AND a.at > lapsed
                    AND p.removed_at IS NULL AND a.at >= p.added_at
                  ORDER BY a.at, a.login);
END $$;

REVOKE ALL ON FUNCTION custodian.close_person(text), custodian.remove_person(text) FROM PUBLIC;
