"""Ways out to people: one file a kind. Called by the worker, outside transactions: the other side may be slow."""
