"""Programs of the machine and nothing else."""
