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
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_what_is_shared_is_left_alone_by_the_collector():
    script = """
import gc
from aura_stack.system import lean
lean.share()
assert gc.get_freeze_count() > 1000
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_giving_memory_back_keeps_what_is_used():
    kept = {"this": ["and", "that"]}
    lean.give_back()
    assert kept == {"this": ["and", "that"]}


def test_yaml_comes_without_its_expressions_and_its_python_parser_has_them_when_it_is_used():
    script = """
import re
from aura_stack.system import lean
compile = re.compile
lean.load_yaml()
assert re.compile is compile
import yaml
assert type(yaml.reader.Reader.NON_PRINTABLE) is not re.Pattern
assert yaml.safe_load("a: [1, 2020-02-02, 'x', 1.5, no]")["a"][3:] == [1.5, False]
try:
    yaml.safe_load(chr(1))
except yaml.reader.ReaderError:
    pass
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_json_comes_without_its_expressions_and_has_them_where_its_parts_in_c_are_missing():
    script = """
import re
from aura_stack.system import lean
compile = re.compile
lean.load_json()
assert re.compile is compile
import json.decoder, json.encoder, json.scanner
assert type(json.scanner.NUMBER_RE) is not re.Pattern
assert json.loads('[1, 2.5e3, null, "a"]') == [1, 2500, None, "a"]
assert json.loads(json.dumps({"a": ["b", 1.5]}, indent=1)) == {"a": ["b", 1.5]}
decoder = json.JSONDecoder()
decoder.parse_string = json.decoder.py_scanstring
assert json.scanner.py_make_scanner(decoder)('[1, 2.5e3, null, "a"]', 0)[0] == [1, 2500, None, "a"]
assert json.encoder.py_encode_basestring_ascii("é") == '"' + chr(92) + 'u00e9"'
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_the_collector_is_left_out_until_it_is_settled():
    script = """
import gc
from aura_stack.system import lean
lean.hurry()
assert not gc.isenabled()
lean.settle()
assert gc.isenabled()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
