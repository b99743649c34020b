"""The unified social credit code (统一社会信用代码), GB 32100-2015: 17 characters and a check character."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
LENGTH = 18


def check_character(first17: str) -> str:
    """The check character of the first 17 (section 4.7: weights 3^i mod 31). Raises KeyError on other characters."""
    total = sum(_VALUES[character] * weight for character, weight in zip(first17, _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def fault(code: str) -> str | None:
    """The fault of a code; None if it is valid."""
    if len(code) != LENGTH:
        return f"a unified social credit code has {LENGTH} characters"
    if any(character not in _VALUES for character in code):
        return "a unified social credit code has digits and capital letters without I, O, S, V and Z only"
    if check_character(code[:17]) != code[17]:
        return "the check character does not fit (GB 32100-2015): a character is mistyped"
    return None
