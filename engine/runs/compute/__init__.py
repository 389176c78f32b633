"""Steps on the workers of a Dask cluster: what is ordered here, who brings it there, what a worker does with it."""
