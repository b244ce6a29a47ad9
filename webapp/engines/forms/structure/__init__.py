"""The tables behind the app documents: columns, indexes, labelled views, conversions, the work behind an apply."""
