import subprocess
import sys

from aura_stack.system import lean


def test_the_loop_comes_without_tls_and_whoever_wants_that_later_has_it():
    script = """
import sys
from aura_stack.system import lean
lean.load_asyncio()
import asyncio
assert not {"_ssl", "ssl"} & sys.modules.keys()
asyncio.run(asyncio.sleep(0))
import ssl
ssl.create_default_context()
lean.load_asyncio()
assert asyncio is sys.modules["asyncio"]
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20)


def test_what_is_shared_is_left_alone_by_the_collector():
    script = """
import gc
from aura_stack.system import lean
lean.share()
assert gc.get_freeze_count() > 1000
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20)


def test_giving_memory_back_keeps_what_is_used():
    kept = {"this": ["and", "that"]}
    lean.give_back()
    assert kept == {"this": ["and", "that"]}
