"""From questions to the unique work that they need."""

from whether.plan.plan import Asked, Course, Piece, Plan, ask, make_plan, plan_measures, plan_states

__all__ = ["Asked", "Course", "Piece", "Plan", "ask", "make_plan", "plan_measures", "plan_states"]
