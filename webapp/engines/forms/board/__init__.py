"""Views as boards: columns, lanes, faces of cards, stages and their rules, cards that move."""
