"""What wrecks lie in and among: ground, scatter, horizons, bystanders, clutter, photos."""
