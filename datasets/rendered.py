"""What lies in the folder of a rendered set beside its pictures."""

MANIFEST = "manifest.jsonl"
"""A JSON line a picture."""
UNFINISHED = "unfinished"
"""An empty file, there from the start of a rendering to its end."""
