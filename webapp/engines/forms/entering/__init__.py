"""Entry forms: their inputs, sections, pickers, and what is known already of what somebody types."""
