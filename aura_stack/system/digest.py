"""The two hash functions that are needed, without the OpenSSL that `hashlib` loads (2.6 ms a start)."""

import sys

try:
    from _blake2 import blake2b

    if sys.version_info >= (3, 12):
        from _sha2 import sha256
    else:
        from _sha256 import sha256  # type: ignore[import-not-found]  # a part of CPython without a stub
except ImportError:  # a Python that was built without its own hash functions
    from hashlib import blake2b, sha256

__all__ = ["blake2b", "sha256"]
