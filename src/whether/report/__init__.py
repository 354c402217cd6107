"""An answer for people: one self-contained page, figures, a table of runs, notebook fragments, plain text.

    write.render(answer)          every file of an answer's report, as bytes
    figures.figures(answer)       the figures that apply to it
    page.report_html(answer, …)   the page
    text.as_text(answer)          for a terminal
    notebook.answer_html(answer)  for a notebook

    wording · rule · standing · account     the sentences, each written once for all forms
    answerable_figure.answerable(curve, …)  the one figure that needs no answer

Everything here is a pure function of an Answer: nothing is measured, decided or stored. matplotlib and jinja2 load when
something is drawn.
"""
