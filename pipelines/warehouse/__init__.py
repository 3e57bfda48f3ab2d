"""Store raw rows and the ledger in a warehouse."""
