"""Patterns of text that people may name things with: no character that a reader or a terminal could misread."""

from typing import Final

# Control characters: PostgreSQL's text holds no NUL, and terminals take U+0080 to U+009F for commands too. Marks that turn
# the direction of writing make one name look like another.
UNSEEN: Final = r"\x7f-\x9f\u2028-\u202e\u2066-\u2069"
PRINTABLE: Final = rf"^[^\x00-\x1f{UNSEEN}]*$"
