package exchange.owner

row_cap := 7
