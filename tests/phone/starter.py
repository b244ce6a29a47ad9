"""The starter app as tests of the phone begin with it."""

from webapp import catalog

DOCUMENT = catalog.text("crm")
