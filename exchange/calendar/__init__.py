"""The calendar: working days as data with their sources, statutory periods as parameters, and the deadlines of matters.

A working day is a row of `work_calendar`, loaded from the State Council's yearly notice; nothing derives it from the day of
the week. A deadline is a row of a matter of another room: counted from a day, so many days, due on a day. Where the day due
lies beyond the loaded years, a deadline is provisional: it has no day due until the year is loaded.
"""
