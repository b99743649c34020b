"""Applications: a consumer asks for fields of a dataset; the owner approves, refuses, or asks once for more.

Between departments an application is a share request of Decree 809: drafted, consented to by the demander's approver,
submitted, answered within the time that the dataset's sharing attribute sets, which the authority's consent extends once.
In other lanes it is submitted at once and has no clock. `lifecycle.py` has both tables. Silence consents to nothing: an
overdue reply is marked and shown, and stays due. The lane follows from who provides and who consumes, and is fixed when the
application is made.
"""
