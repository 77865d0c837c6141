"""Widgets: thin skins over the drawing."""
