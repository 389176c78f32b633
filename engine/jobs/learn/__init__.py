"""The job ``learn``: the live version's model goes on with the labels that came since, and waits or goes live."""
