"""The ledger: what was issued, from what, and when. Append-only."""
