"""What may be typed, and every figure made again another way."""

from .known import known as known
from .prose import typed_claims as typed_claims
from .remade import Fault as Fault, check_page as check_page, check_table as check_table
