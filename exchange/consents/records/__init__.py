"""Records: consents in JSON-LD, with what opens their entries on the ledger."""
