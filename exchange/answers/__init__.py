"""Answers: whether something the owner has named is true of a person, instead of the person's rows: yes, no or unknown.

A dataset's terms offer answers, each a condition on rows; an agreement grants some of them by name. A request passes the
stages of a delivery (`exchange/delivery/stages.py`), and the policy decides on it by the same document. The source evaluates
the condition, and one constant leaves it: no value of a row does. A person whom the source does not know and a person
without a consent that covers the answer are `unknown` alike. How often a consumer asks about one person is limited.
"""
