"""Where things are kept: the workspace's paths, the ledger, the object store."""
