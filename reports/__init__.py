"""Finished documents and the files made from them. Knows no vendor, plan or ledger."""
