"""From readings to faults and from passages to suspected violations, and what people do with them."""
