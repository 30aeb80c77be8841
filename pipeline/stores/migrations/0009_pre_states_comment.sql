-- What the state table was measured to want, said where the next person looks for it. Nothing changes.

COMMENT ON TABLE custodian.states IS
    'One row per processor and key. fillfactor 80, by measurement: an order followed to its end has 77 % of its updates on their page '
    '(100: 59 %, 70: 85 %), and one that is settled when first seen, never updated again, costs 25 % more room than at 100 (70: 43 %). '
    'No index on updated_at: with one no update stays on its page. Old settled rows go by `custodian states prune`. Decision 0011.';
COMMENT ON INDEX custodian.states_due IS
    'Costs the workflow four in ten of the updates that could stay on their page, which is 4 % of its WAL; the alternative is a scan.';
