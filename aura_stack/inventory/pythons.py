"""Finds the ports in a Python program, by its syntax."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from aura_stack.frozen import NamedTuple

from . import syntax
from .addresses import Address
from .findings import MOST, Confidence, Finding, Form, is_port
from .names import means_port, telling
from .programs import DEEPEST, NUMBERS, Reader, Value, plain
from .source import Source
from .worth import names_with_port, speaks_of_ports

if TYPE_CHECKING:
    from tree_sitter import Node

_WORTH = (b"server(", b".run(", b"run_app(", b".bind(", b".listen(", b"serve(", b".launch(")
_LISTENS = re.compile(
    rb"(?<!def )(?<!class )(?:Server|\b(?:run|run_app|run_server|run_simple|serve|launch|listen|bind|make_server"
    rb"|start_server|create_server|add_insecure_port|add_secure_port|start_http_server|TCPSite|Config|add_argument|option))\s*(\()"
)
_ENVIRONMENT = re.compile(
    r"""\b(?:environ(?:\.get)?|getenv|env(?:\.(?:int|str|get))?|config)\s*[\[(]\s*['"](\w*PORT\w*)['"]"""
)
_URL_VARIABLE = re.compile(
    r"""\b(?:environ(?:\.get)?|getenv|env(?:\.\w+)?|config)\s*[\[(]\s*['"]([A-Z][A-Z0-9_]*)['"]"""
)
_COUNTS = frozenset(("binary_operator", "comparison_operator", "subscript", "unary_operator", "slice"))
_SCOPES = frozenset(("lambda", "function_definition", "class_definition", "module"))
_SPEAKING = re.compile(r"(?i)(?:print|log|logger|logging|click\.echo|console|typer\.echo|warn)")
_CLIENTS = re.compile(
    r"(?i)(?:connect|client|redis|connection|pool|create_engine|urlopen|session|smtp|mongo)"
)
_HABITS = {"flask": 5000, "uvicorn": 8000, "aiohttp": 8080}
_CONVERTS = re.compile(
    r"(?:\w+\.)?(?:int|str|\w*environ\.get|\w*getenv|env(?:\.\w+)?|config|\w*[pP]ort\w*|Field)"
)
_NO_NAMES = frozenset(("int", "str", "os", "environ", "get", "getenv", "self", "None", "len"))


_BY_NAME = {
    "run_app": "aiohttp", "run_server": "run_server", "run_simple": "run_simple", "launch": "launch",
    "make_server": "make_server", "TCPSite": "TCPSite", "start_http_server": "start_http_server",
    "add_insecure_port": "add_insecure_port", "add_secure_port": "add_secure_port",
}  # fmt: skip
_SERVERS = ("HTTPServer", "TCPServer", "UDPServer", "XMLRPCServer", "WSGIServer")
_OTHER_RUNNERS = frozenset(("subprocess", "asyncio", "self", "loop", "anyio", "trio", "unittest"))
_FRAMEWORKS = (b"Quart(", b"SocketIO(", b"Bottle(", b"Sanic(", b"FastMCP(", b"import bottle", b"from bottle")
_NEEDED = {
    "serve": (b"waitress", b"websockets", b"hypercorn"), "listen": (b"tornado",), "bind": (b".listen(",),
    "start_server": (b"asyncio",), "create_server": (b"asyncio", b"loop"),
}  # fmt: skip
"""Calls that many things have, and what a file has to speak of so that they listen."""
_POSITIONS = {
    "make_server": 1, "run_simple": 1, "start_server": 2, "create_server": 2, "flask": 1, "listen": 0,
    "start_http_server": 0,
    "add_insecure_port": 0, "add_secure_port": 0, "TCPSite": 2,
}  # fmt: skip


def may_hold(data: bytes) -> bool:
    """Whether it is worth while to parse a program: nothing is found in one that has no such words."""
    return speaks_of_ports(data, _WORTH) and bool(NUMBERS.search(data) or b".run" in data)


class Said(NamedTuple):
    """What a program says: ports, and the name of one that it listens on and takes from another file."""

    findings: tuple[Finding, ...]
    unresolved: str


def find(source: Source) -> Said:
    """Every port in a program."""
    reader = _Reader(source)
    return Said(reader.findings(), reader.unresolved)


class _Reader(Reader):
    """One file."""

    literals = frozenset(("string", "comment"))
    scopes = _SCOPES
    names = frozenset(("identifier",))

    # --- calls that listen ---

    def listeners(self) -> Iterator[Finding]:
        """Numbers that are handed to something that listens."""
        for match in islice(_LISTENS.finditer(self.data), MOST):
            node = syntax.at(self.root, match.start(1))
            arguments = node.parent if node.type == "(" and node.parent else node
            call = arguments.parent
            if arguments.type != "argument_list" or call is None or call.type != "call":
                continue
            called = syntax.text(call.child_by_field_name("function"))
            yield from self._listening(called, call, arguments)

    def _listening(self, called: str, call: "Node", arguments: "Node") -> Iterator[Finding]:
        short = called.rsplit(".", 1)[-1]
        if short in {"add_argument", "option"}:
            yield from self._option(call, arguments)
            return
        kind = self._kind(called, short)
        if not kind:
            return
        wanted = self._port_of(kind, arguments)
        if wanted is None:
            if kind in _HABITS and not self._is_open(arguments):
                yield self._absent(call, arguments, called, _HABITS[kind])
            return
        if wanted.type == "string" and short in {"add_insecure_port", "add_secure_port"}:
            yield from self._bound(wanted, call)
            return
        value = self.value(wanted)
        if value is not None:
            yield from self.found(value, Confidence.LISTENER, call, f"{called[:40]}()", own=True)
        elif wanted.type != "integer":
            self.unresolved = self.unresolved or self.last_name(wanted)

    def _kind(self, called: str, short: str) -> str:
        """Which library is called; "" if it is none that listens."""
        head = called.rpartition(".")[0]
        if called in {"uvicorn.run", "uvicorn.Config"}:
            return "uvicorn"
        if short in _BY_NAME:
            return _BY_NAME[short]
        if short.endswith(_SERVERS) or called == "socketserver.Server":
            return "server"
        if short == "run" and head not in _OTHER_RUNNERS:
            return self._run(head)
        needed = _NEEDED.get(short, ())
        return short if any(word in self.data for word in needed) and (head or short == "serve") else ""

    def _run(self, head: str) -> str:
        """Whose `run()` is called."""
        if any(word in self.data for word in _FRAMEWORKS):
            return "run"
        made = (
            rb"(?<![\w.])"
            + re.escape(head.encode())
            + rb"\s*(?::\s*Flask\s*)?=\s*(?:Flask|flask\.Flask|create_app|\w+\.create_app)\("
        )
        return "flask" if head and re.search(made, self.data) else ""

    def _port_of(self, kind: str, arguments: "Node") -> "Node | None":
        """The expression for the port among the arguments of a call."""
        given = [one for one in arguments.named_children if one.type not in {"comment", "keyword_argument"}]
        for one in arguments.named_children:
            if one.type == "keyword_argument" and syntax.text(one.child_by_field_name("name")) in {
                "port",
                "server_port",
            }:
                return one.child_by_field_name("value")
        if given and given[0].type == "tuple" and kind in {"server", "bind"}:
            pair = given[0].named_children
            return pair[1] if len(pair) > 1 else None
        position = _POSITIONS.get(kind)
        if kind == "serve" and b"websockets" in self.data:
            position = 2
        if kind in {"server", "bind"} and given and given[0].type == "identifier":
            return given[0]
        if position is None or len(given) <= position:
            return None
        return given[position]

    @staticmethod
    def _is_open(arguments: "Node") -> bool:
        """Whether more arguments may come out of a mapping or a list, or a server of another form is meant."""
        names = {
            syntax.text(one.child_by_field_name("name"))
            for one in arguments.named_children
            if one.type == "keyword_argument"
        }
        kinds = {one.type for one in arguments.named_children}
        return bool(
            kinds & {"dictionary_splat", "list_splat"} or names & {"uds", "fd", "sock", "path", "config"}
        )

    def _absent(self, call: "Node", arguments: "Node", called: str, number: int) -> Finding:
        """A library's own number, because nothing is said: what would say it goes before the closing parenthesis."""
        given = arguments.named_children
        last = given[-1].end_byte if given else arguments.start_byte + 1
        return self.source.finding(
            number, Confidence.LISTENER, Form.ABSENT, (last, last), shown=(call.start_byte, call.end_byte),
            what=f"{called[:40]}(), whose habit is {number}", own=True, variable="",
        )  # fmt: skip

    def _bound(self, node: "Node", call: "Node") -> Iterator[Finding]:
        """`'[::]:50051'`."""
        match = re.search(rb":([1-9]\d{1,4})(?!\d)", self.data[node.start_byte : node.end_byte])
        if match and is_port(int(match[1])) and node.start_byte + match.start(1) not in self.taken:
            start = node.start_byte + match.start(1)
            self.taken.add(start)
            yield self.source.finding(
                int(match[1]), Confidence.LISTENER, self._text_form(node), (start, start + len(match[1])),
                shown=(call.start_byte, call.end_byte), outer=(node.start_byte, node.end_byte), what="bind", own=True,
                barrier=self.barrier(node),
            )  # fmt: skip

    def _option(self, call: "Node", arguments: "Node") -> Iterator[Finding]:
        """`add_argument('--port', type=int, default=8000)`, `click.option('--port', default=8000)`."""
        flags = [_content(one) for one in arguments.named_children if one.type == "string"]
        if not any(flag.startswith("-") and means_port(flag) for flag in flags):
            return
        for one in arguments.named_children:
            if one.type == "keyword_argument" and syntax.text(one.child_by_field_name("name")) == "default":
                given = one.child_by_field_name("value")
                value = self.value(given) if given is not None else None
                if value is not None:
                    names = tuple(name for flag in flags for name in telling(flag))
                    yield from self.found(
                        value, Confidence.LISTENER, call, "option", own=not names, names=names
                    )

    # --- settings ---

    def settings(self) -> Iterator[Finding]:
        """Numbers that are given to names which mean a port."""
        for begin, end in islice(names_with_port(self.data), MOST):
            name = self.data[begin:end].decode("utf-8", "replace")
            if not means_port(name):
                continue
            node = syntax.at(self.root, begin, end)
            given, holder = self.given(node)
            value = self.value(given, names=False) if given is not None else None
            if value is None or holder is None:
                continue
            if holder.type == "keyword_argument":
                call = holder.parent.parent if holder.parent else None
                called = syntax.text(call.child_by_field_name("function")) if call is not None else ""
                confidence = Confidence.CLIENT if _CLIENTS.search(called) else Confidence.MENTION
            else:
                beside = (
                    {
                        _content(one.child_by_field_name("key")).upper()
                        for one in holder.parent.named_children
                        if one.type == "pair"
                    }
                    if holder.type == "pair" and holder.parent
                    else set()
                )
                confidence = (
                    Confidence.CLIENT if beside & {"HOST", "USER", "PASSWORD"} else Confidence.MENTION
                )
            names = (*telling(name), *self.names_around(holder))
            if holder.type == "assignment" and self._reads_settings(holder) and not value.variable:
                value = value._replace(variable=name.upper())
            own = value.variable == "PORT" and self._reads_settings(holder)
            yield from self.found(value, confidence, holder, name, own=own, names=names)

    @staticmethod
    def _reads_settings(holder: "Node") -> bool:
        """Whether a field is one of pydantic's settings, which look into the environment by themselves."""
        for one in syntax.above(holder):
            if one.type == "class_definition":
                return "BaseSettings" in syntax.text(one.child_by_field_name("superclasses"))
        return False

    def given(self, node: "Node") -> tuple["Node | None", "Node | None"]:
        """What is given to a name, and the node that gives it."""
        if node.type == "string_content" and node.parent is not None:
            node = node.parent
        holder = node.parent
        if holder is None:
            return None, None
        if holder.type == "attribute" and holder.child_by_field_name("attribute") == node and holder.parent:
            node, holder = holder, holder.parent
        if holder.type == "subscript" and holder.parent is not None:
            node, holder = holder, holder.parent
        if holder.type == "typed_parameter" and holder.parent is not None:
            node, holder = holder, holder.parent
        fields = {
            "assignment": ("left", "right"),
            "pair": ("key", "value"),
            "keyword_argument": ("name", "value"),
            "default_parameter": ("name", "value"),
            "typed_default_parameter": ("name", "value"),
            "named_expression": ("name", "value"),
        }.get(holder.type)
        if fields is None or holder.child_by_field_name(fields[0]) != node:
            return None, None
        return holder.child_by_field_name(fields[1]), holder

    # --- addresses ---

    def address(self, address: Address, literal: "Node") -> Finding:
        if literal.type == "comment" or (
            literal.parent is not None and literal.parent.type == "expression_statement"
        ):
            return self.source.finding(
                address.number, Confidence.MENTION, Form.WORD, (address.start, address.end), what="comment",
                names=address.names, weak=True,
            )  # fmt: skip
        around = list(self._around(literal))
        spoken = any(
            one.type == "call" and _SPEAKING.match(syntax.text(one.child_by_field_name("function")))
            for one in around
        )
        variable = ""
        for one in around:
            match = (
                _URL_VARIABLE.search(syntax.text(one)[:300])
                if one.type in {"call", "boolean_operator"}
                else None
            )
            if match:
                variable = match[1]
                break
        binds = bool(re.search(rb"(?m)^bind\s*=\s*$", self.data[: literal.start_byte][-40:]))
        names = (*telling(variable), *self.names_around(literal), *address.names)
        return self.source.finding(
            address.number,
            Confidence.MENTION if spoken else Confidence.LISTENER if binds else Confidence.CLIENT,
            Form.DEFAULT if variable else self._text_form(literal),
            (address.start, address.end),
            shown=(literal.start_byte, literal.end_byte),
            outer=(literal.start_byte, literal.end_byte),
            what="address",
            names=tuple(dict.fromkeys(names)),
            variable=variable,
            own=binds,
            barrier=self.barrier(literal),
        )

    @staticmethod
    def _text_form(literal: "Node") -> Form:
        return Form.TEMPLATE if "f" in _prefix(literal) else Form.ADDRESS

    @staticmethod
    def _around(node: "Node") -> "Iterator[Node]":
        for one in syntax.above(node):
            if one.type.endswith("_statement") or one.type in _SCOPES or one.type == "block":
                return
            yield one

    def barrier(self, literal: "Node") -> str:
        """Why no expression can stand in the place of a literal; "" if it can."""
        return _barrier(literal)

    def defines(self, holder: "Node") -> bool:
        """What is handed to a call by name says nothing of the name elsewhere."""
        return holder.type != "keyword_argument"

    def opening(self, literal: "Node") -> int:
        """The quote, and the letters before it."""
        return len(_prefix(literal)) + 1

    # --- what an expression comes to ---

    def value(self, node: "Node", depth: int = 0, *, names: bool = True) -> Value | None:
        """The number that an expression comes to, if it can be seen; arguments as for JavaScript."""
        match = _ENVIRONMENT.search(syntax.text(node)[:300])
        variable = match[1] if match else ""
        if found := self._literal(node, variable):
            return found
        return self._by_name(node, variable, depth) if names and depth <= DEEPEST else None

    def _by_name(self, node: "Node", variable: str, depth: int) -> Value | None:
        for one in syntax.below(node, _SCOPES):
            if one.type != "identifier" or syntax.text(one) in _NO_NAMES:
                continue
            best = None
            for definition in self.definitions(syntax.text(one)):
                if definition.start_byte <= node.start_byte < definition.end_byte:
                    continue
                found = self.value(definition, depth + 1)
                if found and variable and not found.variable:
                    found = found._replace(variable=variable)
                if found and (best is None or found.variable):
                    best = found
            if best is not None:
                return best
        return None

    def _literal(self, node: "Node", variable: str) -> Value | None:
        """The first number in an expression; behind a variable, the last: what holds without it."""
        found: list[Value | None] = []
        for one in syntax.below(node, _SCOPES | {"argument_list", "subscript", "dictionary", "list"}):
            if one.type == "argument_list":
                called = syntax.text(one.parent.child_by_field_name("function")) if one.parent else ""
                if variable or _CONVERTS.fullmatch(called):
                    found += [self._literal(each, variable) for each in one.named_children]
            elif one.type == "integer" and not (one.parent is not None and one.parent.type in _COUNTS):
                found.append(plain(one, syntax.text(one).replace("_", ""), variable, text=False))
            elif one.type == "string":
                found.append(plain(one, _content(one), variable, text=True))
        known = [value for value in found if value]
        return known[-1] if len(known) > 1 and variable else next(iter(known), None)

    @staticmethod
    def names_around(node: "Node") -> tuple[str, ...]:
        found: list[str] = []
        for one in syntax.above(node):
            if one.type in _SCOPES:
                break
            field = {"assignment": "left", "pair": "key", "keyword_argument": "name"}.get(one.type)
            named = one.child_by_field_name(field) if field else None
            if named is not None:
                found += telling(_content(named).rsplit(".", 1)[-1])
        return tuple(dict.fromkeys(found))


def _prefix(literal: "Node") -> str:
    """What stands before the quotes of a text, in lower case: `f`, `rb`."""
    match = re.match(r"[A-Za-z]*", syntax.text(literal))
    return match[0].lower() if match else ""


def _content(node: "Node | None") -> str:
    found = re.fullmatch(r"""[A-Za-z]*(?:'([^']*)'|"([^"]*)")""", syntax.text(node))
    return (found[1] or found[2] or "") if found else syntax.text(node)


def _barrier(literal: "Node") -> str:
    """Why no expression can stand in the place of a literal; "" if it can."""
    for one in syntax.above(literal):
        if one.type == "concatenated_string":
            return "is one of several texts in a row"
        if one.type in {"case_pattern", "type"}:
            return "stands where no expression may (a pattern)"
        if one.type.endswith("_statement") or one.type in _SCOPES:
            break
    if literal.type == "string" and "b" in _prefix(literal):
        return "is a literal of bytes"
    return ""
