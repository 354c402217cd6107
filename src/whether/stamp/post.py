"""Carry a request to a time stamping authority over HTTP (RFC 3161, section 3.4)."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Any

from whether.errors import WorkError
from whether.stamp.witness import WITHOUT

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
LARGEST = 1 << 20
"""Bytes; answers have some thousand."""


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Does not follow: a request that is sent on arrives without its body, or elsewhere than its user said."""

    def redirect_request(self, *_given: Any, **_named: Any) -> None:
        """None: the answer itself becomes the error."""


def post(authority: str, query: bytes, timeout: float) -> bytes:
    """What an authority answers to a request.

    Args:
        authority: its address.
        query: the request, in DER.
        timeout: seconds of silence after which to give up.

    Raises:
        WorkError: it was not reached, or what came back is no answer to such a request.
    """
    headers = {"Content-Type": QUERY, "Accept": REPLY, "User-Agent": "whether"}
    request = urllib.request.Request(authority, data=query, headers=headers, method="POST")
    try:
        opener = urllib.request.build_opener(_Nowhere)
        with opener.open(request, timeout=timeout) as reply:
            kind: str = reply.headers.get_content_type()
            answer: bytes = reply.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        error.close()
        if 300 <= error.code < 400 and (to := error.headers.get("Location")):
            raise no_stamp(authority, f"it sends on to {to}. If you trust that address, name it instead.") from error
        raise no_stamp(
            authority, f"it answered {error.code} {error.reason}. See that the address is that of its RFC 3161 service."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise no_stamp(
            authority, f"it was not reached: {why}. See that this machine is connected, or ask another authority."
        ) from error
    if kind != REPLY or len(answer) > LARGEST:
        what = kind if kind != REPLY else f"more than {LARGEST} bytes"
        raise no_stamp(authority, f"it answered {what}, expected {REPLY}. Is it the address of its RFC 3161 service?")
    return answer


def no_stamp(authority: str, why: str) -> WorkError:
    """The error for an authority that gave no time stamp: why, and that a study is registered without one too."""
    return WorkError(f"no time stamp from {authority}: {why} {WITHOUT}")
