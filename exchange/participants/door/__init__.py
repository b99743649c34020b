"""The door: the one admission that every act goes through, whatever evidence it carries."""
