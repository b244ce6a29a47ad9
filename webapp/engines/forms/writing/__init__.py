"""What stands between a value and its row: kinds, checks, formulas, rules, uniqueness, the journal's news."""
