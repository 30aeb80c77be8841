"""PostgreSQL: positions, states, cursors, leases, migrations."""
