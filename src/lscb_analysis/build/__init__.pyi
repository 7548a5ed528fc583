"""A pack made: chapters run, pages written, and put in their place whole or not at all."""

from .again import verify as verify
from .asked import TIMEOUT as TIMEOUT, Asked as Asked, nothing_to_do as nothing_to_do
from .builder import Pack as Pack, build as build, faults as faults, tell_not_compared as tell_not_compared
from .chapters import own_parameters as own_parameters
from .publication import (
    BuildError as BuildError,
    holding as holding,
    is_known as is_known,
    left_alone as left_alone,
    notebooks_kept as notebooks_kept,
    packs as packs,
    placed as placed,
    withdraw as withdraw,
)
from .warm.origin import REHEARSED as REHEARSED, forkserver as forkserver
