-- Who inserts postings need not be allowed to write balances: the trigger moves them for its owner.
ALTER FUNCTION ledger.post() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
