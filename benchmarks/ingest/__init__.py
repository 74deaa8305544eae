"""How fast the collector stores what the broker has, beside a C subscriber and Telegraf."""
