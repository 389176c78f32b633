"""The job ``health``: a look at the live version, what it found kept, and what follows from it."""
