"""How the actions of a role and its scopes are called: where rights are planned and where they are explained."""

from __future__ import annotations

from webapp.i18n import N_

ACTION = {
    "see": N_("see"),
    "create": N_("create"),
    "edit": N_("edit"),
    "delete": N_("delete"),
    "export": N_("export"),
}
SCOPE = {
    "true": N_("all records"),
    "false": N_("no records"),
    "own": N_("records of one’s own"),
    "team": N_("records of the teams one heads"),
    "department": N_("records of one’s department"),
    "department_and_below": N_("records of one’s department and those below"),
    "mine": N_("records in which one takes part"),
}
LEVEL = {
    "write": N_("may change"),
    "read": N_("read only"),
    "masked": N_("masked"),
    "hidden": N_("hidden"),
    "": N_("the usual"),
}
