"""Matrix-free pieces that know no word of the project: eigenpairs, integrators."""
