from __future__ import annotations

import pytest

from whether.execute import progress


def test_what_takes_long_is_told_on_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": 0.0}
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock["now"])
    spoken = progress.Spoken()
    told = []
    for clock["now"] in (1.0, 3.0, 4.0, 14.0):
        spoken(progress.Training(networks=4, label="mlp-8 on digits", done=10, of=40, trained=1, to_train=4))
        told.append(capsys.readouterr().err)
    line = "whether: training, 25%: 1 of 4 networks\n"
    assert told == ["", line, "", line]
    clock["now"] = 30.0
    spoken(progress.Measuring(3, 9))
    spoken(progress.Note("a state is made again"))
    assert capsys.readouterr().err == "whether: measuring: 3 of 9\nwhether: a state is made again\n"
