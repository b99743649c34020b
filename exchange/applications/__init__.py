"""Applications: a consumer asks for fields of a dataset; the owner approves, refuses, or asks once for more.

submitted → supplement_requested (once) → submitted; either → approved (an agreement, perhaps narrower), refused with
reasons, or withdrawn. A requested supplement has a due date: before it a refusal is not possible (Decree 809, Article
21); afterwards the owner decides on what there is. The lane follows from who provides and who consumes, and is fixed
when the application is made.
"""
