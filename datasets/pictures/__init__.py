"""Cameras, light, and what becomes of a picture until a person holds it."""
