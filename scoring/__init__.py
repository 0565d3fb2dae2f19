"""The mathematics of appraisal: arrays, frames and Decimals in, answers out.

Nothing here knows of the web application, a database or a clock. Scores are float64; money is Decimal and is
met in `payouts` only. A missing observation is nan; where the mathematics has no answer, a function either
states what it answers instead or raises a named error of `scoring.errors`.
"""
