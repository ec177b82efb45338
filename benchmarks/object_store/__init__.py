"""A project in an object store beside one in a folder."""
