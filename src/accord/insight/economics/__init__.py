"""What leads and customers cost, what they bring, and what the next unit of money or work may bring."""
