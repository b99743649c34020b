package exchange.owner_test

test_cap if data.exchange.owner.row_cap == 7
