"""What-if: explains what would be decided about a delivery, and computes what a draft would change."""
