"""The participants of the demonstration. None of these organisations exists."""

from admin.joining import Newcomer
from exchange.participants.uscc import check_character


def code(number: int, *, registrar: str = "11") -> str:
    """A valid unified social credit code (GB 32100-2015) that nobody has: no authority issues codes with this part."""
    first17 = f"{registrar}330000DEMX{number:05d}"
    return first17 + check_character(first17)


HUMAN_RESOURCES = Newcomer(
    "demo-human-resources",
    "department",
    "province",
    code(2),
    "人力资源部门（演示）",
    "Human Resources (demo)",
    "330000",
)
EDUCATION = Newcomer(
    "demo-education", "department", "province", code(3), "教育部门（演示）", "Education (demo)", "330000"
)
CIVIL_AFFAIRS = Newcomer(
    "demo-civil-affairs", "department", "province", code(4), "民政部门（演示）", "Civil Affairs (demo)", "330000"
)
PLATFORM = Newcomer(
    "demo-platform", "institution", "none", code(5, registrar="12"), "人才服务平台（演示）", "Talent Service (demo)"
)
BANK = Newcomer("demo-bank", "enterprise", "none", code(6, registrar="91"), "银行（演示）", "Bank (demo)")
PARTICIPANTS = (HUMAN_RESOURCES, EDUCATION, CIVIL_AFFAIRS, PLATFORM)
OPERATOR_CODE = code(1, registrar="12")
