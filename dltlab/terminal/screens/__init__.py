"""Screens: the gallery, the bench, and the pages between them."""
