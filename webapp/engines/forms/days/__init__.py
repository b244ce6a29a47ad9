"""A person's day over all forms: what is due and stuck, his week's numbers, the pool, who takes over, the demo firm."""
