-- Limits are read from tallies, so that they cost the same however many orders were accepted; and they count over all venues.

CREATE TABLE risk.tallies (
    per             text        NOT NULL CHECK (per IN ('venue', 'sender', 'receiver', 'market_maker')),
    -- Whose orders; empty for all of a venue's.
    scope           text        NOT NULL,
    width           text        NOT NULL CHECK (width IN ('open', 'minute', 'hour')),
    at              timestamptz NOT NULL,
    venue           text        NOT NULL,
    source_currency text        NOT NULL,
    target_currency text        NOT NULL,
    number          bigint      NOT NULL,
    target_amount   numeric     NOT NULL,
    target_lacking  bigint      NOT NULL,
    source_amount   numeric     NOT NULL,
    source_lacking  bigint      NOT NULL,
    PRIMARY KEY (per, scope, width, at, venue, source_currency, target_currency)
) WITH (fillfactor = 60);

COMMENT ON TABLE risk.tallies IS
    'Sums over risk.exposures, kept by its triggers: of what counts in windows by the minute and the hour (UTC) of its reservation, and of all that is reserved and has not ended (open). `lacking`: rows that do not say their amount.';

CREATE FUNCTION risk.tallied(e risk.exposures)
RETURNS TABLE (
    per text, scope text, width text, at timestamptz, venue text, source_currency text, target_currency text,
    number bigint, target_amount numeric, target_lacking bigint, source_amount numeric, source_lacking bigint)
LANGUAGE sql STABLE AS $$
    SELECT whose.per, whose.scope, span.width, span.at, e.venue, e.source_currency, e.target_currency, 1::bigint,
           coalesce(e.target_amount, 0), (e.target_amount IS NULL)::integer::bigint,
           coalesce(e.source_amount, e.source_amount_max, 0), (coalesce(e.source_amount, e.source_amount_max) IS NULL)::integer::bigint
      FROM (VALUES ('venue', ''), ('sender', e.sender_party_id), ('receiver', e.receiver_party_id),
                   ('market_maker', e.market_maker_party_id)) AS whose (per, scope)
     CROSS JOIN (VALUES ('open', timestamptz 'epoch', e.state = 'reserved'),
                        ('minute', date_trunc('minute', e.reserved_at, 'UTC'), e.state IN ('reserved', 'settled')),
                        ('hour', date_trunc('hour', e.reserved_at, 'UTC'), e.state IN ('reserved', 'settled'))) AS span (width, at, counts)
     WHERE whose.scope IS NOT NULL AND span.counts
$$;

COMMENT ON FUNCTION risk.tallied IS 'What one row of risk.exposures is in each tally that it belongs to.';

CREATE FUNCTION risk.tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO risk.tallies AS t
    SELECT c.per, c.scope, c.width, c.at, c.venue, c.source_currency, c.target_currency, sum(c.sign * c.number),
           sum(c.sign * c.target_amount), sum(c.sign * c.target_lacking), sum(c.sign * c.source_amount), sum(c.sign * c.source_lacking)
      FROM (SELECT 1 AS sign, n.* FROM risk.tallied(NEW) AS n
            UNION ALL
            SELECT -1, o.* FROM risk.tallied(OLD) AS o) AS c
     GROUP BY c.per, c.scope, c.width, c.at, c.venue, c.source_currency, c.target_currency
    HAVING sum(c.sign * c.number) <> 0 OR sum(c.sign * c.target_amount) <> 0 OR sum(c.sign * c.target_lacking) <> 0
           OR sum(c.sign * c.source_amount) <> 0 OR sum(c.sign * c.source_lacking) <> 0
     ORDER BY 1, 2, 3, 4, 5, 6, 7  -- rows are locked in one order
    ON CONFLICT (per, scope, width, at, venue, source_currency, target_currency) DO UPDATE
       SET number = t.number + EXCLUDED.number,
           target_amount = t.target_amount + EXCLUDED.target_amount, target_lacking = t.target_lacking + EXCLUDED.target_lacking,
           source_amount = t.source_amount + EXCLUDED.source_amount, source_lacking = t.source_lacking + EXCLUDED.source_lacking;
    RETURN NULL;
END $$;

CREATE TRIGGER tallied_when_inserted AFTER INSERT ON risk.exposures
    FOR EACH ROW WHEN (NEW.state IN ('reserved', 'settled')) EXECUTE FUNCTION risk.tally();

CREATE TRIGGER tallied_when_updated AFTER UPDATE ON risk.exposures
    FOR EACH ROW WHEN (
        (OLD.state, OLD.reserved_at, OLD.source_currency, OLD.target_currency, OLD.sender_party_id, OLD.receiver_party_id,
         OLD.market_maker_party_id, OLD.target_amount, OLD.source_amount_max, OLD.source_amount)
        IS DISTINCT FROM
        (NEW.state, NEW.reserved_at, NEW.source_currency, NEW.target_currency, NEW.sender_party_id, NEW.receiver_party_id,
         NEW.market_maker_party_id, NEW.target_amount, NEW.source_amount_max, NEW.source_amount))
    EXECUTE FUNCTION risk.tally();

CREATE TRIGGER tallied_when_deleted AFTER DELETE ON risk.exposures
    FOR EACH ROW WHEN (OLD.state IN ('reserved', 'settled')) EXECUTE FUNCTION risk.tally();

-- What is there already; the triggers hold off whoever would write meanwhile.
INSERT INTO risk.tallies
SELECT c.per, c.scope, c.width, c.at, c.venue, c.source_currency, c.target_currency, sum(c.number),
       sum(c.target_amount), sum(c.target_lacking), sum(c.source_amount), sum(c.source_lacking)
  FROM risk.exposures AS e CROSS JOIN LATERAL risk.tallied(e) AS c
 GROUP BY c.per, c.scope, c.width, c.at, c.venue, c.source_currency, c.target_currency;

COMMENT ON TABLE risk.exposures IS 'One row per order that was asked about. Limits are sums over these rows (risk.tallies); amounts are as the venue states them.';

-- The minute in which a window begins is read row by row; alike orders are looked for at every venue.
CREATE INDEX exposures_in_order ON risk.exposures (reserved_at) WHERE state IN ('reserved', 'settled');
CREATE INDEX exposures_alike_anywhere ON risk.exposures (sender_party_id, receiver_party_id, asked_at);
