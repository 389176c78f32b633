"""One file a dialog: each shows what will happen before it asks."""
