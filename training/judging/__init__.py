"""What a release is worth: judged photos, figures with intervals, and a report of them."""
