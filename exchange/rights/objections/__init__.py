"""Objections to records, after the registration: the registrar tells the holder, who agrees or contests (Article 29)."""
