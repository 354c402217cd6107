"""What of a record stays at home: which machine it was made on, and where files lay there.

A record is sealed, so that one without its host would not be the one that was sealed. In a bundle it has a seal of its
own, and says in "withheld" what is left out or shortened, and in "sealed_as" which seal it had at home; that is the one
that the records of its children name. All else is as it was: but that only those can see who have the lab, as no seal
can be checked over what is not there. So "sealed_as" proves nothing; `wrong` sees that it stands only where it may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from whether.store.sealed import SEAL, seal

LEFT_OUT = ("host", "traceback")
"""Fields that are left out altogether: a traceback is full of paths and of other people's code."""
WORDED = ("error", "checks", "note")
"""Fields of prose in which paths may stand."""
HISTORY = "history"
WITHHELD, SEALED_AS = "withheld", "sealed_as"

_FOLDERS = re.compile(r"(?<![\w/:.<])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\"<>|:,;()]+[/\\])+(?=[^\s/\\])")
"""The folders of an absolute path, up to the name at its end."""


def without_paths(text: str, private: Iterable[str] = ()) -> str:
    """A text in which absolute paths are their last part alone, and words that are private are dots.

    Args:
        text: prose.
        private: names of machines and users.

    Example:
        >>> without_paths("nets failed (/home/ada/work/nets.py, line 3) on lovelace", ["lovelace"])
        'nets failed (…/nets.py, line 3) on …'
    """
    text = _FOLDERS.sub("…/", text)
    for word in private:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", text)
    return text


def outside(record: Mapping[str, Any], raw: bytes) -> bytes:
    """The bytes of a record as it may be shown to others.

    Args:
        record: as it was read.
        raw: its bytes in the lab, which are given back where nothing in it is private.
    """
    private = [str(record["host"])] if record.get("host") else []
    said = {name: value for name, value in record.items() if name != SEAL}
    left = [name for name in LEFT_OUT if name in said]
    kept = {name: value for name, value in said.items() if name not in left}
    for name in WORDED:
        if name in kept:
            kept[name] = _mapped(kept[name], private)
    if isinstance(history := kept.get(HISTORY), Mapping):
        kept[HISTORY] = {
            name: {**fact, "aside": _mapped(fact["aside"], private)} if "aside" in fact else fact
            for name, fact in history.items()
        }
    changed = sorted(name for name in kept if kept[name] != said[name])
    if not left and not changed:
        return raw
    return seal({**kept, WITHHELD: sorted({*left, *changed}), SEALED_AS: record[SEAL]})


def wrong(record: Mapping[str, Any]) -> str:
    """What a record of a bundle should not say of what is withheld from it; empty when all is as it may be."""
    if WITHHELD not in record and SEALED_AS not in record:
        return ""
    left = record.get(WITHHELD)
    if not isinstance(left, list) or not left or not isinstance(record.get(SEALED_AS), str):
        return "It does not say what is withheld from it, and which seal it had before."
    if strange := [str(name) for name in left if name not in (*LEFT_OUT, *WORDED, HISTORY)]:
        return f"It says that {', '.join(strange)[:80]} is withheld, which never is."
    still = [name for name in LEFT_OUT if name in record]
    return f"It says that something is withheld, and still names its {' and '.join(still)}." if still else ""


def own_folders(*texts: str) -> list[str]:
    """The folders of this machine that texts of ours may name: the home, the working folder, and those of paths."""
    found = {str(Path.home()), str(Path.cwd()), *(str(Path(text).parent) for text in texts if Path(text).is_absolute())}
    return sorted((folder for folder in found if len(folder) > 2), key=len, reverse=True)


def without_folders(text: str, folders: Iterable[str]) -> str:
    """A page in which the names of these folders are dots; for markup, where a slash need not begin a path."""
    for folder in folders:
        text = text.replace(f"{folder}/", "…/")
    return text


def _mapped(value: Any, private: Iterable[str]) -> Any:
    match value:
        case str():
            return without_paths(value, private)
        case list():
            return [_mapped(item, private) for item in value]
        case dict():
            return {name: _mapped(item, private) for name, item in value.items()}
    return value
