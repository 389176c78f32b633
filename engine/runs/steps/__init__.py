"""One step of a run: started under limits, held by the kernel, its files read and written."""
