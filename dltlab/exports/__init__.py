"""A session as a file for other programs: one file a format."""
