"""Views as people arrange them: filters, sorts, groups, columns, sums, and which are saved."""
