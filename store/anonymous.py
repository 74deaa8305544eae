"""What telemetry keeps of passages: nothing that says who drove, nor where that could be read."""

import polars as pl

__all__ = ["VEHICLE_MEMBERS", "without_urls"]

VEHICLE_MEMBERS = ("vehicle_class", "colour", "speed_kmh", "helmet", "riders")
"""The members of vehicles that are kept."""


def without_urls() -> pl.Expr:
    """Pictures of events; those of vehicles without their URLs, which are often named after the plate."""
    nameless = pl.struct(
        pl.element().struct.field("role"),
        pl.lit(None, pl.String).alias("url"),
        pl.element().struct.field("sha256"),
    )
    has_vehicles = pl.col("vehicles").list.len() > 0
    return pl.when(has_vehicles).then(pl.col("images").list.eval(nameless)).otherwise("images")
