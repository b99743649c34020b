"""The problems of the calendar and of deadlines."""

from exchange.kernel.problems import Problem


class NoticeInvalid(Problem):
    """The document of a year does not say what a notice on holidays says: `errors` names each place and its fault. Compare it
    with the State Council's notice, and enter it again.
    """

    slug = "notice-invalid"
    title = "The year's holidays are not complete"
    status = 422


class ConfirmedByAnother(Problem):
    """A year's calendar is loaded by two people: one enters the notice, another compares it with the document and confirms.
    Ask another operator, or a security administrator, to confirm it.
    """

    slug = "confirmed-by-another"
    title = "Another person has to confirm what you entered"
    status = 403


class CalendarMissing(Problem):
    """The day lies beyond the loaded years of the calendar, and working days are never guessed. The operator loads the year
    from the State Council's notice: `exchange calendar load`.
    """

    slug = "calendar-missing"
    title = "The calendar of that year is not loaded"
    status = 409


class DeadlinePassed(Problem):
    """The deadline is over, or is none that runs, so it cannot be extended or paused: an extension is decided before the end
    of the last day. `due` is that day.
    """

    slug = "deadline-passed"
    title = "The deadline is over"
    status = 409


class ExtensionRefused(Problem):
    """An extension needs the reference of the consent that allows it, is granted once, and is at most as long as its article
    permits. `detail` names what is missing and the longest extension.
    """

    slug = "extension-refused"
    title = "The deadline cannot be extended so"
    status = 422
