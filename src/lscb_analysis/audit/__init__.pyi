"""What stands on a page, held against the data and against what may be typed."""

from .prose import typed_claims as typed_claims
from .remade import known as known
from .verification import WHOLE as WHOLE, check_ahead as check_ahead, verify as verify
