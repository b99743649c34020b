"""What-if: explains a decision before a delivery is requested, and foresees the effects of a draft of terms."""
