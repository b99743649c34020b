"""Commands about datasets: find, publish and withdraw them, and a department's duties towards the catalogue."""
