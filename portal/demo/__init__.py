"""The demo: a fictional vendor with products, customers, articles and tickets, so that a first start shows it all."""
