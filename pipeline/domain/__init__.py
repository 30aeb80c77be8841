"""Pure facts and rules: money, identifiers, orders, their life. No I/O, no clock."""
