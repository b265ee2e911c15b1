"""Where the numbers of a period will end, as ranges, with the record of past forecasts beside them."""
