"""Nested Arrow values as JSON text: lists, structs, maps and their members in the forms of delivered values.

Members have the text that a field of their type has, so that no notation of a programming language leaves: instants are
RFC 3339, decimals are text, NaN is null, bytes are base64. A map is a list of pairs, since its keys can be of any type.
"""

from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from adapters.files.read.arrow_values import Losses, as_base64, find_conversion

_MAX_DEPTH: Final = 100
_AS_JSON: Final = frozenset((pa.bool_(), pa.int64(), pa.float64(), pa.string()))


def is_json(kind: Any, depth: int = 0) -> bool:
    """Whether all values of a type have a JSON text. Types nested deeper than a hundred levels have none."""
    if depth > _MAX_DEPTH:
        return False
    if pa.types.is_dictionary(kind):
        return is_json(kind.value_type, depth + 1)
    if pa.types.is_map(kind):
        return is_json(kind.key_type, depth + 1) and is_json(kind.item_type, depth + 1)
    if pa.types.is_struct(kind):
        return not _is_variant(kind) and all(is_json(field.type, depth + 1) for field in kind)
    if _is_list(kind):
        return is_json(kind.value_type, depth + 1)
    return _is_bytes(kind) or find_conversion(kind) is not None


def has_leaves(kind: Any) -> bool:
    """Whether a type has values in a file: a struct without members has none, and readers leave it out."""
    if pa.types.is_struct(kind):
        return any(has_leaves(field.type) for field in kind)
    return has_leaves(kind.value_type) if _is_list(kind) and not pa.types.is_map(kind) else True


def as_json(array: Any, losses: Losses) -> Any:
    """The texts of an array. Raises BadText."""
    texts = [None if value is None else orjson.dumps(value).decode() for value in _values(array, losses)]
    return pa.array(texts, pa.string())


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind)) and hasattr(kind, "value_type")


def _is_variant(kind: Any) -> bool:
    """Whether a struct is a value of the type VARIANT, whose bytes have an encoding of their own."""
    members = {field.name: field.type for field in kind}
    return members.keys() <= {"metadata", "value", "typed_value"} and _is_bytes(members.get("metadata", pa.null()))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _values(array: Any, losses: Losses) -> list[Any]:
    """The values as what JSON has: None, bool, int, float, str, list, dict."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _values(array.dictionary_decode(), losses)
    if pa.types.is_struct(kind):
        return _objects(array, losses)
    if pa.types.is_map(kind):
        keys, items = _values(_inside(array, array.keys), losses), _values(_inside(array, array.items), losses)
        return _lists(array, [list(pair) for pair in zip(keys, items, strict=True)])
    if _is_list(kind):
        array = array if pa.types.is_list(kind) else array.cast(pa.list_(kind.value_type))
        return _lists(array, _values(_inside(array, array.values), losses))
    if _is_bytes(kind):
        return as_base64(array, losses)
    return _leaves(array, losses)


def _objects(array: Any, losses: Losses) -> list[Any]:
    names = _distinct([field.name for field in array.type])
    members = [_values(member, losses) for member in array.flatten()]
    objects = [dict(zip(names, values, strict=True)) for values in zip(*members, strict=True)] or [{}] * len(array)
    return [value if is_valid else None for value, is_valid in zip(objects, array.is_valid().to_pylist(), strict=True)]


def _distinct(names: list[str]) -> list[str]:
    """Names of members, each once: a struct may have two of a name."""
    distinct: dict[str, None] = {}
    for name in names:
        free, number = name, 2
        while free in distinct:
            free, number = f"{name}_{number}", number + 1
        distinct[free] = None
    return list(distinct)


def _inside(array: Any, members: Any) -> Any:
    """The members of a part of an array of lists, of which `members` has all."""
    first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
    return members.slice(first, last - first)


def _lists(array: Any, members: list[Any]) -> list[Any]:
    """Lists of members; `members` are those of this part of the array."""
    first, *ends = array.offsets.to_pylist()
    lists: list[Any] = []
    begin = 0
    for end, is_valid in zip(ends, array.is_valid().to_pylist(), strict=True):
        lists.append(members[begin : end - first] if is_valid else None)
        begin = end - first
    return lists


def _leaves(array: Any, losses: Losses) -> list[Any]:
    conversion = find_conversion(array.type)
    if conversion is None:
        raise TypeError(f"no JSON for {array.type}")
    converted = conversion.convert(array, losses)
    if pa.types.is_timestamp(converted.type):
        text: Any = pc.replace_substring(pc.cast(converted.cast(pa.timestamp("us")), pa.string()), " ", "T")
        converted = pc.binary_join_element_wise(pc.replace_substring(text, ".000000", ""), pa.scalar("Z"), "")
    elif pa.types.is_integer(converted.type):
        return list(converted.to_pylist())
    elif converted.type not in _AS_JSON:
        converted = converted.cast(pa.string())
    return list(converted.to_pylist())
