"""All boards: those of `grafana.boards`, and one for each kind of device."""

import importlib
import pkgutil

import grafana.boards
from devices.catalogue import kinds
from grafana.kind_board import kind_board
from grafana.spec import Board

__all__ = ["boards"]


def boards() -> list[Board]:
    """Every board, by id.

    Raises:
        ValueError: two boards have the same id.
    """
    modules = sorted(module.name for module in pkgutil.iter_modules(grafana.boards.__path__))
    made: list[Board] = [importlib.import_module(f"grafana.boards.{name}").BOARD for name in modules]
    made += [kind_board(kind) for kind in kinds().values()]
    ids = [board.id for board in made]
    if double := {id_ for id_ in ids if ids.count(id_) > 1}:
        raise ValueError(f"boards {sorted(double)} are there twice")
    return sorted(made, key=lambda board: board.id)
