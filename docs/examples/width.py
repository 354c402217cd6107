"""A question with too few replicates: refused, and inconclusive if forced. docs/statistics.md reads its answer."""

from whether import Control, Network, Question, exceeds, question, same

WHY = "three times the weights would not pay for less than half a point"


@question()
def width(s=0.5, replicates=2):
    """Do 300 hidden units read digits better than 100?"""

    def arms(rep):
        wide = Network("mlp-300", data="digits", seed=rep)
        narrow = Network("mlp-100", data="digits", seed=rep)
        return {
            "300 units": wide.train(),
            "100 units": narrow.train(),
            "another order": narrow.train(order=rep.seed("another order")),
            "untrained": narrow,
        }

    few = "with two replicates hardly anything smaller could come out"
    return Question(
        arms,
        # Over 32 exploratory replicates sd was 0.56 points, whose upper 80 % limit is 0.63.
        claims=[exceeds("300 units", "100 units", by=s, because=WHY, sd=0.65)],
        controls=[
            Control(exceeds("100 units", "untrained", by=s, because=WHY), expect="yes", because="training helps"),
            Control(same("100 units", "another order", within=5, because=few), expect="yes", because="a mere shuffle"),
        ],
        replicates=replicates,
        if_yes="Take 300 units.",
        if_no="Take 100 units.",
    )
