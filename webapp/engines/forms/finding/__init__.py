"""Finding records: search text and its index, the sounds of Chinese, tags, administrative divisions."""
