"""Files: their content by its hash in a folder, and a row for each file that somebody keeps."""
