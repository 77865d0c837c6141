"""The stream and its keeping: NumPy only, no JAX and no screen."""
