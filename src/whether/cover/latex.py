r"""A cover sheet as a block of LaTeX: `\input{cover.tex}` in a paper that loads booktabs and xcolor.

Every sign with a meaning is escaped; links are set only where hyperref is loaded; the axis is drawn with rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from whether.cover import axis
from whether.cover.markdown import shown_at_all
from whether.cover.page import Item, Page, page
from whether.cover.sheet import CANNOT, Sheet
from whether.report.numbers import clean
from whether.report.style import LIGHT

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"'",
    "`": r"\textasciigrave{}",
    "\u2212": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "∞": r"$\infty$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "…": r"\ldots{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "°": r"\textdegree{}",
    "€": r"\texteuro{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "●": r"\WhetherVerified{}",
    "○": r"\WhetherDeclared{}",
    "⚠": r"\WhetherCannot{}",
}
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "", "pi", "rho", "", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_SPECIAL |= {chr(0x3B1 + place): f"$\\{name}$" for place, name in enumerate(_GREEK) if name}

PREAMBLE = r"""% A cover sheet, made by whether. In the preamble: \usepackage{booktabs,xcolor};
% links are set where hyperref is loaded.
\begingroup
\providecommand\WhetherVerified{\ensuremath{\bullet}}
\providecommand\WhetherDeclared{\ensuremath{\circ}}
\providecommand\WhetherCannot{\textbf{!}}
\providecommand\WhetherLink[2]{\ifx\href\undefined #2\else\href{#1}{#2}\fi}
% A sign that pdfLaTeX may not know is told by its number there; XeLaTeX and LuaLaTeX set it.
\providecommand\WhetherSign[2]{\ifx\Umathcode\undefined[U+#1]\else #2\fi}
\setlength{\parindent}{0pt}\setlength{\parskip}{2pt plus 1pt}\small
"""


def latex(sheet: Sheet) -> str:
    """The sheet as a group of LaTeX that stands by itself."""
    shown = page(sheet)
    lines = [
        PREAMBLE + "\n".join(_colour(role) for role in ("yes", "no", "inconclusive", "muted", "yes-tint", "no-tint")),
        r"\noindent\rule{\linewidth}{\heavyrulewidth}\par",
        *_head(shown),
        *_answer(shown),
        *(line for part in _drawn(shown) for line in part),
        *([rf"\textit{{{escape(shown.no_axis)}}}\par"] if shown.no_axis else []),
        *[
            _field(shown.items[name])
            for name in ("effect", "limits", "if_yes", "if_no")
            if name in shown.items and shown_at_all(shown.items[name])
        ],
    ]
    for part in shown.parts:
        lines.append(rf"\rule{{\linewidth}}{{\lightrulewidth}}\par\textbf{{{escape(part.head)}}}\par")
        lines += [_field(item) for item in part.items]
    if shown.missing:
        lines.append(rf"\textit{{Not stated: {escape(', '.join(shown.missing))}.}}\par")
    if shown.hidden:
        lines.append(rf"\textit{{Hidden from reviewers: {escape(', '.join(shown.hidden))}.}}\par")
    record = [f"{one.label} {one.text}" for one in map(shown.items.__getitem__, ("doi", "digest")) if one.lines]
    lines += [r"\rule{\linewidth}{\heavyrulewidth}\par", rf"{{\footnotesize {_key(shown)}\par}}"]
    lines += [*(rf"{{\footnotesize {escape(one)}\par}}" for one in record), r"\endgroup"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    r"""A text in which no sign has a meaning for LaTeX.

    Example:
        >>> print(escape("5 % of $x_1$ \\input{a} −1"))
        5 \% of \$x\_1\$ \textbackslash{}input\{a\} $-$1
    """
    # Two hyphens in a row are two, not a dash.
    return "".join(_SPECIAL.get(sign) or _letter(sign) for sign in clean(text)).replace("--", "-{}-")


def _letter(sign: str) -> str:
    # LaTeX knows Latin letters with accents by itself.
    return sign if ord(sign) < 0x180 else f"\\WhetherSign{{{ord(sign):04X}}}{{{sign}}}"


def _colour(role: str) -> str:
    return rf"\definecolor{{whether-{role}}}{{HTML}}{{{LIGHT[role].lstrip('#').upper()}}}"


def _head(shown: Page) -> list[str]:
    facts = [f"Cover sheet, {shown.category}: {shown.asks.lower()}"]
    facts += [shown.items[name].text for name in ("identifier", "version", "date") if shown.items[name].lines]
    authors = ", ".join(shown.items["authors"].lines)
    return [
        rf"{{\footnotesize\color{{whether-muted}}{escape(' · '.join(facts))}\par}}",
        rf"{{\large\bfseries {escape(shown.title)}\par}}",
        *([rf"{escape(authors)}\par"] if authors else []),
    ]


def _answer(shown: Page) -> list[str]:
    lines = [rf"\textbf{{\WhetherCannot{{}} Verification found: {escape(problem)}}}\par" for problem in shown.problems]
    if shown.asked.lines:
        lines.append(rf"\textbf{{{escape(shown.asked.text)}}}\par")
    if shown.verdict:
        verdict, tone = shown.items["verdict"], f"whether-{shown.verdict}"
        shaky = r"\quad\textbf{\WhetherCannot{} cannot be verified as it stands}" if shown.shaky else ""
        shaky += rf" {escape(shown.whose)}" if shown.whose else ""
        lines.append(
            rf"{{\Large\bfseries\color{{{tone}}}{shown.verdict.capitalize()}}}{shaky}\quad {escape(verdict.sign)} "
            rf"{_alarm(verdict)}{escape(shown.meaning)}{_where(verdict)}\par"
        )
    if "grade" in shown.items:
        lines.append(_field(shown.items["grade"]))
    return [*lines, rf"\textbf{{This sheet}} {escape(f'{shown.mark_sign} {shown.mark}. {shown.mark_said}')}\par"]


def _drawn(shown: Page) -> list[list[str]]:
    """Each claim as a picture 100 units wide, and what it says."""
    return [
        [*_claim(placed, panel.marks), rf"{{\footnotesize {_claim_said(placed)}\par}}"]
        for panel in axis.panels(shown.axis)
        for placed in panel.rows
    ]


def _claim_said(placed: axis.Placed) -> str:
    return escape(f"{placed.row.said}: {axis.told(placed.row)}: {placed.row.verdict}")


def _claim(placed: axis.Placed, marks: Sequence[tuple[float, str]]) -> list[str]:
    tone = f"whether-{placed.row.verdict}"
    lines = [r"\par\setlength{\unitlength}{.01\linewidth}\begin{picture}(100,8)(0,-3)"]
    for low, high, word in placed.bands:
        lines.append(_rule(low, 0, high - low, 3, f"whether-{word}-tint"))
        if high - low > 0.05:
            where = f"{50 * (low + high):.2f}"
            lines.append(rf"\put({where},4.4){{\makebox(0,0){{\scriptsize\color{{whether-{word}}}{word}}}}}")
    lines += [_rule(place - 0.001, -0.4, 0.002, 3.8, "black") for place in placed.edges]
    if placed.low is not None and placed.high is not None:
        lines.append(_rule(placed.low, 1.35, placed.high - placed.low, 0.3, tone))
        for place, beyond, sign in ((placed.low, placed.beyond[0], "<"), (placed.high, placed.beyond[1], ">")):
            if beyond:
                lines.append(rf"\put({100 * place:.2f},1.5){{\makebox(0,0){{\color{{{tone}}}${sign}$}}}}")
            else:
                lines.append(_rule(place - 0.0015, 0.8, 0.003, 1.4, tone))
    if placed.dot is not None:
        lines.append(rf"\put({100 * placed.dot:.2f},1.5){{\color{{{tone}}}\circle*{{1.4}}}}")
    for place, label in marks:
        lines.append(rf"\put({100 * place:.2f},-1.7){{\makebox(0,0){{\scriptsize {escape(label)}}}}}")
    return [*lines, r"\end{picture}\par"]


def _rule(x: float, y: float, width: float, height: float, tone: str) -> str:
    size = rf"{{{width:.4f}\linewidth}}{{{height:.2f}\unitlength}}"
    return rf"\put({100 * x:.2f},{y:.2f}){{\color{{{tone}}}\rule{size}}}"


def _field(item: Item) -> str:
    told = r" $\cdot$ ".join(map(escape, item.lines)) or (r"\textit{not stated}" if item.state == "not stated" else "")
    return rf"{escape(item.sign)} \textbf{{{escape(item.label)}}} {_alarm(item)}{told}{_where(item)}\par"


def _alarm(item: Item) -> str:
    if item.state != CANNOT:
        return ""
    return rf"\textbf{{cannot verify{escape(': ' + item.note) if item.note else ''}}} "


def _where(item: Item) -> str:
    return rf" {{\footnotesize\color{{whether-muted}}({_linked(item.pointer, item.link)})}}" if item.pointer else ""


def _linked(pointer: str, link: str) -> str:
    if not link:
        return escape(pointer)
    address = link.replace("\\", "%5C").replace("%", r"\%").replace("#", r"\#").replace("&", r"\&").replace("_", r"\_")
    return rf"\WhetherLink{{{address.replace('~', '%7E')}}}{{{escape(pointer)}}}"


def _key(shown: Page) -> str:
    told = []
    for key in shown.keys:
        where = f" ({_linked(key.pointer, key.link)})" if key.pointer else ""
        told.append(f"{escape(key.sign)} {escape(f'{key.state}: {key.means}')}{where}.")
    return " ".join(told)
