"""A question that ends in yes, as a rule at its second look: docs/statistics.md reads its answer."""

from whether import Control, Network, Question, exceeds, question, same

WHY = "one point is three of the 300 images that are measured on; fewer are not worth a second training"


@question()
def largest(s=1.0):
    """Does it matter which fifth of its weights a network keeps?"""

    def arms(rep):
        start = Network("mlp-100", data="digits", seed=rep)
        mask = start.train().prune(fraction=0.8)  # of the trained weights the largest fifth
        by_chance = mask.shuffled(rep.seed("chance"), scope="layer")  # as many in each layer, but any
        return {
            "largest": start.masked(mask).train(),
            "random": start.masked(by_chance).train(),
            "another order": start.masked(mask).train(order=rep.seed("another order")),
            "untrained": start,
        }

    return Question(
        arms,
        # Over 32 exploratory replicates sd was 0.98 points, whose upper 80 % limit is 1.11.
        claims=[exceeds("largest", "random", by=s, because=WHY, sd=1.2)],
        controls=[
            Control(exceeds("largest", "untrained", by=s, because=WHY), expect="yes", because="training helps"),
            Control(same("largest", "another order", within=s, because=WHY), expect="yes", because="a mere shuffle"),
        ],
        looks=(4, 8, 16),
        if_yes="Keep the weights that grew large.",
        if_no="Any fifth does as well: do not bother to choose.",
    )
