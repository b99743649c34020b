"""The operator's commands about people in the data: making the ledger forget one, and holding that off."""
