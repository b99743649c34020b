"""Trading: listings that pass a gate, offers with a price, orders under contracts that both sides sign.

A contract that both sides signed becomes an agreement of the delivery path, so that what is bought is delivered, masked and
recorded like what is shared. Prices are integers, and departments trade nothing with each other.
"""
