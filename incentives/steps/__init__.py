"""The kinds of step an incentive plan is composed of. `registry` is the one table of them."""
