"""Airframes from their geometry, broken and painted."""
