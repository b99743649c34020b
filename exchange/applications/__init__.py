"""Applications: a consumer asks for fields of a dataset; the owner approves, refuses, or asks once for more.

submitted → supplement_requested (once) → submitted; submitted → approved (an agreement, perhaps narrower) or refused
with reasons; submitted or supplement_requested → withdrawn. While a supplement is requested, a refusal is not possible
(Decree 809, Article 21). The lane follows from who provides and who consumes, and is fixed when the application is
made.
"""
