"""Publication: checkpoints are signed, cosigned by witnesses, timestamped and served; the exchange's own keys."""
