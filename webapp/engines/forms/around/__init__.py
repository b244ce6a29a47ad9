"""What stands around a record: comments, follow-ups, related records, stars, history in words."""
