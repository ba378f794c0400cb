"""Items that last: a database beside the uploads, and one hash-chained log of every change."""
