"""A project made from a file of data: read it, look at it, compose the project's files, write them."""
