"""A question about nothing, which ends in no: its arms differ in a shuffle. docs/statistics.md reads its answer."""

from whether import Control, Network, Question, exceeds, question, same

WHY = "a shuffle that brought half a point would be worth a search; two seeds differ by about as much"


@question()
def order(s=0.5):
    """Does another order of the data make a better network?"""

    def arms(rep):
        start = Network("mlp-100", data="digits", seed=rep)
        return {
            "another order": start.train(order=rep.seed("another order")),
            "one order": start.train(),
            "fresh weights": start.reinit(rep.seed("fresh weights")).train(),
            "an eighth": start.train(until="50it"),
        }

    return Question(
        arms,
        # Over 32 exploratory replicates sd was 0.38 points, whose upper 80 % limit is 0.43.
        claims=[exceeds("another order", "one order", by=s, because=WHY, sd=0.45)],
        controls=[
            Control(exceeds("one order", "an eighth", by=s, because=WHY), expect="yes", because="training helps"),
            Control(same("one order", "fresh weights", within=s, because=WHY), expect="yes", because="drawn alike"),
        ],
        replicates=24,
        if_yes="Search for lucky orders.",
        if_no="Take any order, and do not report the best of several.",
    )
