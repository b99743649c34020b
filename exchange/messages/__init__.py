"""Messages: what an organisation's people are told of, such as a deadline that ends soon; read through the API.

A message names an object of the exchange and a day. It has no text of people and nothing about a person in the data.
"""
