"""A team's own labelled photos: taken in, checked, split."""
