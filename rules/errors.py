"""Errors of this package, grouped by what the caller can do.

RulesError
├── ExpressionError     an expression breaks the language: show the column to the person who edits it
└── RuleError           a catalogue file is wrong: stop the load, name file and rule
"""

__all__ = ["ExpressionError", "RuleError", "RulesError"]


class RulesError(Exception):
    """Root of this package's errors."""


class ExpressionError(RulesError):
    """An expression that cannot be used.

    Attributes:
        problem: the rule broken, with the value seen.
        column: where in the expression, counted from 1.
    """

    def __init__(self, problem: str, column: int) -> None:
        super().__init__(f"column {column}: {problem}")
        self.problem = problem
        self.column = column


class RuleError(RulesError):
    """A catalogue file that cannot be loaded.

    Attributes:
        file: name of the file.
        rule: id of the rule, or None when the file as a whole is wrong.
        problem: the rule broken, with the value seen.
        column: where in the expression, counted from 1; None when no expression is at fault.
    """

    def __init__(self, file: str, rule: str | None, problem: str, column: int | None = None) -> None:
        place = ", ".join(
            [
                file,
                *([f"rule {rule!r}"] if rule else []),
                *([f"column {column}"] if column is not None else []),
            ]
        )
        super().__init__(f"{place}: {problem}")
        self.file = file
        self.rule = rule
        self.problem = problem
        self.column = column
