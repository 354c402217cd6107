"""Outside witnesses of a registration: somebody who is not the lab says that a digest stood at a time.

Two kinds, one shape (`Witness`): a time stamp of an RFC 3161 authority (`stamp_at`), and a signed git tag that was
pushed (`tag_commit`). What enters the seeds of a study is the SHA-256 of the token itself: no run is older than it.
"""

from whether.stamp.authority import stamp_at
from whether.stamp.tag import check_tag, seen_outside, tag_commit
from whether.stamp.token import Stamped, check_token
from whether.stamp.witness import Witness

__all__ = ["Stamped", "Witness", "check_tag", "check_token", "seen_outside", "stamp_at", "tag_commit"]
