"""The back office's files: read as they are, checked row by row, merged in sets."""
