"""The demo: a fictional vendor with products, customers, articles and tickets, so that a first start shows it all."""

from portal.demo.loading import is_empty, load_demo

__all__ = ["is_empty", "load_demo"]
