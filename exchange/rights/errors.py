"""Problems of the registration of rights."""

from exchange.kernel.problems import Problem


class DataNotRegistrable(Problem):
    """Data that Party and government organs collect or produce in performing their duties, also through others on their
    behalf, cannot be registered (数据产权登记工作指引（试行）, Article 15(1)); its catalogue entry and the agreements about it
    state who provides it. A product of an authorised operation of public data can be: state it with the number of its
    registration as a public data resource.
    """

    slug = "data-not-registrable"
    title = "Rights over this data cannot be registered"
    status = 422


class RightsFormInvalid(Problem):
    """The application cannot be filed yet: `errors` names every place at once, in English and Chinese, with what to do and
    the article. `POST /api/v1/rights/checks` gives the same list while the form is filled.
    """

    slug = "rights-form-invalid"
    title = "The application for registration is not complete"
    status = 422


class RenewalNotNow(Problem):
    """A record is renewed from six months before it ends until the day before it ends (`first` and `last`). After that, apply
    for a new registration.
    """

    slug = "renewal-not-now"
    title = "This is not the time to renew the record"
    status = 409
