-- Whoever may add a leaf adds the next ones: with one leaf at the end of all numbers there was no next one for anybody.

CREATE FUNCTION archive.leaves_go_on() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first bigint;
    last  bigint;
    added bigint;
BEGIN
    SELECT min(n.index), max(n.index), count(*) INTO first, last, added FROM new_leaves AS n;
    IF added > 0 AND (last - first <> added - 1
                      OR first <> coalesce((SELECT l.index FROM archive.leaves AS l WHERE l.index < first ORDER BY l.index DESC LIMIT 1), -1) + 1) THEN
        RAISE EXCEPTION 'leaves % to % of %.% are not the next ones', first, last, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

COMMENT ON FUNCTION archive.leaves_go_on() IS 'Holds that leaves inserted together go on from the last one without a gap.';

CREATE TRIGGER leaves_go_on AFTER INSERT ON archive.leaves
    REFERENCING NEW TABLE AS new_leaves FOR EACH STATEMENT EXECUTE FUNCTION archive.leaves_go_on();
