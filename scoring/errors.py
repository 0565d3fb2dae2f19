"""Named errors. Each carries a code and its parameters, so that a page can say it in any language."""

from __future__ import annotations

from typing import Any

# One sentence per code. The interface translates by code and fills in `params`; logs and tests use this one.
MESSAGES: dict[str, str] = {
    # formulas
    "formula_not_text": "A formula is a text.",
    "formula_empty": "The formula is empty.",
    "formula_too_long": "The formula has %(length)s characters; at most %(limit)s are allowed.",
    "formula_too_deep": "The formula is nested too deeply (character %(at)s); the limit is %(limit)s levels.",
    "formula_character": "%(found)s has no meaning in a formula (character %(at)s).",
    "formula_number": "The number at character %(at)s is malformed or too large.",
    "formula_name": "The name %(found)s at character %(at)s is not allowed.",
    "formula_function": "There is no function %(found)s (character %(at)s); use one of %(allowed)s.",
    "formula_bare_measure": "Say what of %(found)s is meant (character %(at)s): sum, count or mean.",
    "formula_measure_expected": "%(function)s() takes one measure code (character %(at)s).",
    "formula_arguments": "%(function)s() takes one measure code or several expressions (character %(at)s).",
    "formula_exponent": "An exponent is a whole number from 0 to %(limit)s (character %(at)s).",
    "formula_unexpected": "%(found)s is not expected at character %(at)s.",
    "formula_end": "The formula ends too early.",
    "measure_missing": "The frame has no column for %(statistic)s of measure %(measure)s.",
    "measure_ambiguous": "The frame has more than one column for %(statistic)s of measure %(measure)s.",
    # shapes and numbers
    "shape": "%(name)s has a shape that does not fit: %(found)s, expected %(expected)s.",
    "choice": "%(name)s is %(found)s; it must be one of %(allowed)s.",
    "not_a_number": "%(name)s must be numbers.",
    "not_finite": "%(name)s must be finite numbers.",
    "negative": "%(name)s must not be negative.",
    "not_whole": "%(name)s must be whole numbers.",
    "out_of_range": "%(name)s is %(found)s; it must lie between %(low)s and %(high)s.",
    "empty": "%(name)s is empty.",
    "unknown_name": "%(name)s names %(found)s, which is not among %(allowed)s.",
    "weights_zero": "The weights add up to zero.",
    "target_is_start": "The target of a key result equals its start.",
    "floor_above_cap": "The floor %(floor)s lies above the cap %(cap)s.",
    "bands_order": "Bands must start at ascending values without repetition (row %(row)s).",
    "shares_sum": "The shares add up to %(total)s instead of 1 or 100.",
    "group_too_small": "The group has %(size)s members; at least %(minimum)s are needed.",
    # what the mathematics cannot answer
    "comparisons_disconnected": "The comparisons fall into %(parts)s parts with nothing between them.",
    "comparisons_separated": "Some won or lost all comparisons with the rest; their distance is unbounded.",
    "pairs_missing": "%(missing)s pairs were never judged.",
    "comparison_self": "Item %(item)s was compared with itself.",
    "comparison_contradiction": "Both directions are recorded as won for items %(first)s and %(second)s.",
    "no_convergence": "The estimate did not settle within %(steps)s steps.",
    "no_reportable_group": "No group reaches the minimum size, so there is no score to report.",
    "too_few_raters": "Agreement needs at least two raters; there is %(found)s.",
    "too_few_targets": "Agreement needs at least two rated targets; there is %(found)s.",
    "raters_unequal": "Every subject needs the same number of ratings.",
    "nothing_to_compare": "No unit was rated by two raters.",
    "zero_variance": "There is no variation in the ratings, so agreement has no value.",
    "too_few_values": "At least %(minimum)s values are needed; there are %(found)s.",
    "not_reciprocal": "Entry (%(row)s, %(column)s) is not the reciprocal of its mirror image.",
    "no_answers": "There are no answers to count.",
    "nothing_scored": "There is nothing with a value to score.",
    "successes_above_trials": "There are more successes than trials.",
    "selected_above_total": "Group %(group)s has more selected than members.",
    # targets
    "targets_overlap": "Rows %(first)s and %(second)s overlap, and neither is more specific.",
    "ramp_share": "Row %(row)s: a share of the ramp must be above 0.",
    "period_backwards": "The period ends before it begins.",
    "period_too_long": "The period has more than %(limit)s months.",
    "correlation_threshold": "A threshold of correlation lies between 0 and 1; %(found)s does not.",
    "correlation_minimum": "At least 3 people are needed for a correlation, not %(found)s.",
    # money
    "money_float": "%(name)s is money: a Decimal, a whole number or a text, never a float.",
    "currency": "%(found)s is not a currency code of three capital letters.",
    "tiers_order": "Tiers must start at ascending values without repetition (row %(row)s).",
    "days": "%(days)s days of %(of)s is not a part of a period.",
    "pool_negative": "A pool cannot be negative.",
    "pool_not_round": "The pool %(pool)s is not a multiple of %(quantum)s, so no shares can add up to it.",
    "nobody_eligible": "Nobody has a weight, so the pool cannot be split.",
}


class ScoringError(ValueError):
    """Base of all named errors: `code` is a key of MESSAGES, `params` fills its sentence."""

    default_code = ""

    def __init__(self, code: str = "", /, **params: Any) -> None:
        self.code = code or self.default_code
        self.params = params
        super().__init__(MESSAGES[self.code] % params)

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword parameters are lost by the default pickling of exceptions, and workers do pickle them.
        return (_rebuild, (type(self), self.code, self.params))


def _rebuild(kind: type[ScoringError], code: str, params: dict[str, Any]) -> ScoringError:
    return kind(code, **params)


class InvalidInput(ScoringError):
    """An argument that no data can excuse: a wrong shape, an unknown choice, a negative count."""


class FormulaError(ScoringError):
    """A text that is not in the formula grammar; `position` is the 0-based character where it goes wrong."""

    def __init__(self, code: str, /, *, position: int = 0, **params: Any) -> None:
        self.position = position
        super().__init__(code, **{"at": position + 1, **params})

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild_formula_error, (self.code, self.position, self.params))


def _rebuild_formula_error(code: str, position: int, params: dict[str, Any]) -> FormulaError:
    return FormulaError(code, position=position, **params)


class MissingMeasure(ScoringError):
    """A formula needs a column that the frame does not have."""

    default_code = "measure_missing"


class BandsError(ScoringError):
    """Bands that are not ascending."""

    default_code = "bands_order"


class SharesError(ScoringError):
    """Shares that do not make a whole."""

    default_code = "shares_sum"


class SmallGroup(ScoringError):
    """A group too small for the method; the caller merges or exempts it."""

    default_code = "group_too_small"


class DisconnectedComparisons(ScoringError):
    """The comparison graph is not connected, so strengths on one scale do not exist."""

    default_code = "comparisons_disconnected"


class SeparatedComparisons(DisconnectedComparisons):
    """Connected, but no chain of wins leads from everyone to everyone: the likelihood has no maximum."""

    default_code = "comparisons_separated"


class NoConvergence(ScoringError):
    """An iteration that did not settle; never answered with its last step."""

    default_code = "no_convergence"


class NoReportableGroup(ScoringError):
    """Every group of raters is below the minimum size."""

    default_code = "no_reportable_group"


class TooFewRaters(ScoringError):
    default_code = "too_few_raters"


class TooFewTargets(ScoringError):
    default_code = "too_few_targets"


class TooFewValues(ScoringError):
    default_code = "too_few_values"


class ZeroVariance(ScoringError):
    """Nothing varies, so a measure of agreement is 0/0."""

    default_code = "zero_variance"


class NotReciprocal(ScoringError):
    default_code = "not_reciprocal"


class NoAnswers(ScoringError):
    default_code = "no_answers"


class NothingScored(ScoringError):
    default_code = "nothing_scored"


class MoneyError(ScoringError):
    """Money that cannot be computed as asked."""


class TiersError(MoneyError):
    default_code = "tiers_order"


class PoolError(MoneyError):
    """A pool that cannot be split."""
