"""The data of the forms. Importing this package registers kinds of fields and views, makers of tables, jobs, and how
names of people sort."""

from webapp.engines.forms import fields  # noqa: F401, I001  (kinds before what asks for them)
from webapp.engines.forms.viewing import view_kinds  # noqa: F401  (kinds before what asks for them)
from webapp.engines.forms.structure import storing  # noqa: F401
from webapp.engines.forms.finding import sortkeys  # noqa: F401
from webapp.engines.forms.transfer import jobs  # noqa: F401
