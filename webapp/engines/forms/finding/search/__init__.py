"""Finding records by what stands in them: search text, its tokens, and one index a form on either database.

**Search text** (`text_of`, column `m__search`): folded texts of a record's fields, each behind a mark that tells which
field it is, so that a search can be limited to what somebody may read. Names have their sounds after them.

**Tokens**: at every place of a run of Han characters the two characters there, of letters or digits the four (at the
end of the run what is left). Any part of a run is then found by whole tokens, or by the beginning of one; records are
found as a superset and the text itself decides. For names also the sounds from each syllable on and their initials.

**Index**: a contentless FTS5 table on SQLite, a table with a tsvector and a GIN index on PostgreSQL.
"""

from __future__ import annotations

from webapp.engines.forms.finding.search.queries import Sought, condition, implied, narrowing, sought, terms
from webapp.engines.forms.finding.search.tables import create_tables, drop_tables, index, index_name, index_new
from webapp.engines.forms.finding.search.texts import (
    Prepared,
    Told,
    is_searched,
    mark,
    parts,
    prepare,
    prepared,
    shape,
    text_of,
)
from webapp.engines.forms.finding.search.tokens import LONGEST_TERM, MOST_TERMS

__all__ = [
    "LONGEST_TERM", "MOST_TERMS", "Prepared", "Sought", "Told", "condition", "create_tables", "drop_tables", "implied",
    "index", "index_name", "index_new", "is_searched", "mark", "narrowing", "parts", "prepare", "prepared", "shape",
    "sought", "terms", "text_of",
]  # fmt: skip
