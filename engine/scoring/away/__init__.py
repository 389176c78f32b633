"""A version held ready on workers of a Dask cluster: who scores which part, what is believed, who is asked again."""
