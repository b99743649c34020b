"""A made-up notice on holidays for 2027, as a person would enter it, and a made-up other one."""

from typing import Any

HOLIDAYS = [
    {"name": "元旦", "first": "2027-01-01", "last": "2027-01-03"},
    {"name": "春节", "first": "2027-02-05", "last": "2027-02-12"},
    {"name": "清明节", "first": "2027-04-03", "last": "2027-04-05"},
    {"name": "劳动节", "first": "2027-05-01", "last": "2027-05-05"},
    {"name": "端午节", "first": "2027-06-09", "last": "2027-06-09"},
    {"name": "中秋节", "first": "2027-09-15", "last": "2027-09-15"},
    {"name": "国庆节", "first": "2027-10-01", "last": "2027-10-07"},
]
WORKDAYS = ["2027-02-20", "2027-05-08", "2027-09-26", "2027-10-09", "2027-01-30"]


def notice(**changes: Any) -> dict[str, Any]:
    """The document of 2027."""
    return {
        "year": 2027,
        "notice": "（虚构）关于2027年部分节假日安排的通知",
        "digest": "ab" * 32,
        "holidays": HOLIDAYS,
        "workdays": WORKDAYS,
    } | changes
