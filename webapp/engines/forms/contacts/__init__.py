"""A contact that another app shares: read from a vCard (`card`) or from free text (`text`), and put into the fields of
a form (`places`)."""

from webapp.engines.forms.contacts.contact import LONGEST, Contact, read

__all__ = ["LONGEST", "Contact", "read"]
