"""A container's image, named by its digest."""
