"""What the model is, and what its numbers mean."""
