"""Changes that oblige a department to update a catalogue entry in 10 working days (Decree 809, Article 17)."""
