"""How a version becomes live, and how the one before comes back: policy, plan, rebuild, proof, swap."""
