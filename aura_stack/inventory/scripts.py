"""Finds the ports in a program for Node, Bun, Deno or a browser, by its syntax."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from aura_stack.frozen import NamedTuple

from . import syntax
from .addresses import Address
from .findings import MOST, Confidence, Finding, Form
from .names import means_port, telling, words
from .programs import DEEPEST, NUMBERS, PLAIN_DIGITS, Reader, Value, plain
from .source import Source
from .worth import names_with_port, speaks_of_ports

if TYPE_CHECKING:
    from tree_sitter import Node

_WORTH = (b"listen", b"serve", b"gateway", b"microservice", b".attach")
_CALLS = re.compile(
    rb"(?:\.listen|\bserve|[Hh]api\.server|\bWebSocketGateway|\.createMicroservice|\.connectMicroservice|Server|\.attach|\.option)\s*(?:<[^()<>;]{0,80}>)?\s*(\()"
)
_ENVIRONMENT = re.compile(
    r"""\b(?:env|environ)(?:\??\.|\??\.?\[\s*['"`])(\w*PORT\w*)"""
    r"""|\b(?:env\.)?get(?:OrThrow|Number|Int|String)?(?:<[\w\s|]{1,40}>)?\(\s*['"`](\w*PORT\w*)['"`]"""
)
_URL_VARIABLE = re.compile(r"""\benv(?:\??\.|\??\.?\[\s*['"`])([A-Z][A-Z0-9_]*)""")
_COUNTS = frozenset(
    ("+", "-", "*", "/", "%", "<", ">", "<=", ">=", "===", "==", "!==", "!=", "<<", ">>", "&", "|", "^")
)
_FUNCTIONS = frozenset(
    ("arrow_function", "function_expression", "function_declaration", "method_definition", "class_body")
)
_LITERALS = frozenset(("string", "template_string", "comment", "jsx_text", "html_comment"))
_CLIENTS = re.compile(
    r"(?i)(?:connect|createconnection|createclient|client|pool|redis|sequelize|knex|datasource|ioredis|mongo|amqp"
    r"|typeormmodule\.forroot|clientsmodule|register|registerasync|request|fetch|axios|nodemailer|createtransport)"
)
_SPEAKING = re.compile(r"(?i)(?:console|log|logger|winston|pino|chalk|debug|print|info|warn|error|colors?)\b")


def may_hold(data: bytes) -> bool:
    """Whether it is worth while to parse a program: nothing is found in one that has no such words."""
    return speaks_of_ports(data, _WORTH) and bool(NUMBERS.search(data) or b".listen" in data)


class Said(NamedTuple):
    """What a program says: ports, and what it takes from another file to listen on."""

    findings: tuple[Finding, ...]
    unresolved: "Unresolved | None"


def find(source: Source) -> Said:
    """Every port in a program."""
    reader = _Reader(source)
    found = reader.findings()
    return Said(found, Unresolved(reader.unresolved, tuple(reader.modules())) if reader.unresolved else None)


class Unresolved(NamedTuple):
    """A call that listens on a number which stands in another file: the name of it, and the modules read here."""

    name: str
    modules: tuple[str, ...]


class _Reader(Reader):
    """One file."""

    literals = _LITERALS
    scopes = _FUNCTIONS
    names = frozenset(("identifier", "property_identifier"))
    signs = rb"\w$"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.name = source.path.rsplit("/", 1)[-1]

    # --- calls that listen ---

    def listeners(self) -> Iterator[Finding]:
        """Numbers that are handed to something that listens."""
        for match in islice(_CALLS.finditer(self.data), MOST):
            arguments = syntax.at(self.root, match.start(1))
            arguments = arguments.parent if arguments.type == "(" and arguments.parent else arguments
            call = arguments.parent
            if (
                arguments.type != "arguments"
                or call is None
                or call.type not in {"call_expression", "new_expression"}
            ):
                continue
            called = syntax.text(
                call.child_by_field_name("function") or call.child_by_field_name("constructor")
            )
            if called.endswith(".option"):
                yield from self._option(call, arguments)
                continue
            value_node, what = self._asked(called, arguments)
            if value_node is None:
                continue
            value = self.value(value_node)
            if value is None:
                self.unresolved = self.unresolved or self.last_name(value_node)
            else:
                yield from self.found(value, Confidence.LISTENER, call, what, own=True)

    def _asked(self, called: str, arguments: "Node") -> tuple["Node | None", str]:
        """The expression for the port in a call that listens, and what the call is."""
        short = called.rsplit(".", 1)[-1]
        given = [each for each in arguments.named_children if each.type != "comment"]
        if not given:
            return None, ""
        options = next((each for each in given if each.type == "object"), None)
        first = given[0]
        is_new = arguments.parent is not None and arguments.parent.type == "new_expression"
        if short == "listen":
            return (self._field(first, "port") if first.type == "object" else self._bare(first)), "listen()"
        if short == "serve" or called in {"Hapi.server", "hapi.server"}:
            return self._field(options, "port"), f"{called[:30]}()"
        if short in _NESTED:
            return self._field(self._field(options, _NESTED[short]), "port"), short
        if short in {"WebSocketGateway", "attach"} or (is_new and short.endswith("Server")):
            number = first if first.type == "number" else None
            return number or self._field(options if is_new or short != "attach" else None, "port"), short
        return None, ""

    @staticmethod
    def _bare(first: "Node") -> "Node | None":
        """The first argument of listen(), if it is no path of a socket and no function."""
        if first.type in {"arrow_function", "function_expression", "template_string"}:
            return None
        return None if first.type == "string" and not PLAIN_DIGITS.fullmatch(_unquoted(first)) else first

    def _option(self, call: "Node", arguments: "Node") -> Iterator[Finding]:
        """`.option('--port <n>', 'where to listen', '3000')` of commander and yargs."""
        given = arguments.named_children
        if (
            not given
            or given[0].type != "string"
            or not means_port(_unquoted(given[0]).split("<")[0].split("[")[0])
        ):
            return
        for one in given[1:]:
            default = self._field(one, "default") if one.type == "object" else one
            value = (
                self._literal(default, "")
                if default is not None and default.type in {"number", "string"}
                else None
            )
            if value is not None:
                yield from self.found(value, Confidence.LISTENER, call, "option", own=True)

    # --- settings ---

    def settings(self) -> Iterator[Finding]:
        """Numbers that are given to names which mean a port."""
        for begin, end in islice(names_with_port(self.data), MOST):
            name = self.data[begin:end].decode("utf-8", "replace")
            node = syntax.at(self.root, begin, end)
            if _PLURAL.intersection(words(name)):
                yield from self._several(node)
            if not means_port(name):
                continue
            value_node, holder = self.given(node)
            value = self.value(value_node, names=False) if value_node is not None else None
            if value is None or holder is None:
                continue
            confidence, what, own = self._setting(holder, name)
            if value.variable == "PORT" and confidence is Confidence.CLIENT:
                confidence, own = Confidence.MENTION, True  # whatever stands beside it
            names = (*telling(name), *self.names_around(holder))
            yield from self.found(value, confidence, holder, what, own=own, names=names)

    def _several(self, node: "Node") -> Iterator[Finding]:
        """`PORTS = { http: 4010 }`, `enum Port { Http = 4010 }`."""
        value, holder = self.given(node)
        if value is not None and value.type == "as_expression":
            value = value.named_children[0]
        members = value.named_children if value is not None and value.type == "object" else []
        if node.parent is not None and node.parent.type == "enum_declaration":
            holder = node.parent
            body = holder.child_by_field_name("body")
            members = body.named_children if body is not None else []
        for one in members:
            named = one.child_by_field_name("key" if one.type == "pair" else "name")
            given = one.child_by_field_name("value")
            if named is None or given is None or not means_port(f"{_unquoted(named)}Port"):
                continue
            found = self._literal(given, "")
            if found is not None and given.type in {"number", "string"}:
                names = telling(_unquoted(named))
                yield from self.found(
                    found, Confidence.MENTION, one, syntax.text(node), own=False, names=names
                )

    def given(self, node: "Node") -> tuple["Node | None", "Node | None"]:
        """What is given to a name, and the node that gives it."""
        if node.type == "string_fragment" and node.parent is not None:
            node = node.parent
        holder = node.parent
        if holder is None:
            return None, None
        if (
            holder.type == "member_expression"
            and holder.child_by_field_name("property") == node
            and holder.parent
        ):
            node, holder = holder, holder.parent
        fields = {
            "pair": ("key", "value"),
            "variable_declarator": ("name", "value"),
            "assignment_expression": ("left", "right"),
            "object_assignment_pattern": ("left", "right"),
            "assignment_pattern": ("left", "right"),
            "public_field_definition": ("name", "value"),
            "field_definition": ("property", "value"),
            "enum_assignment": ("name", "value"),
            "required_parameter": ("pattern", "value"),
            "optional_parameter": ("pattern", "value"),
        }.get(holder.type)
        if fields is None or holder.child_by_field_name(fields[0]) != node:
            return self._set_by_call(node)
        return holder.child_by_field_name(fields[1]), holder

    def _set_by_call(self, node: "Node") -> tuple["Node | None", "Node | None"]:
        """`app.set('port', 3000)`."""
        arguments = node.parent
        call = arguments.parent if arguments is not None and arguments.type == "arguments" else None
        if call is None or arguments is None or node.type != "string":
            return None, None
        given = arguments.named_children
        if given[0] != node or len(given) != 2:  # noqa: PLR2004 - a name and a value
            return None, None
        if not syntax.text(call.child_by_field_name("function")).endswith((".set", ".setDefault")):
            return None, None
        return given[1], call

    def _setting(self, holder: "Node", name: str) -> tuple[Confidence, str, bool]:
        """What a number is that is given to a name."""
        if holder.type == "pair":
            keys = [
                _unquoted(one.child_by_field_name("key"))
                for one in (holder, *syntax.above(holder))
                if one.type == "pair"
            ]
            calls = [
                syntax.text(one.child_by_field_name("function") or one.child_by_field_name("constructor"))
                for one in syntax.above(holder)
                if one.type in {"call_expression", "new_expression"}
            ]
            if served := self._configured(keys):
                return (*served, True)
            if keys[:2] == ["port", "preview"]:
                return Confidence.LISTENER, "preview.port", False
            if "listen" in keys[1:]:
                return Confidence.LISTENER, "listen", True
            if calls and _CLIENTS.search(calls[0].rsplit(".", 1)[-1] if "." in calls[0] else calls[0]):
                return Confidence.CLIENT, f"{calls[0][:30]}()", False
            beside = (
                {
                    _unquoted(one.child_by_field_name("key"))
                    for one in holder.parent.named_children
                    if one.type == "pair"
                }
                if holder.parent
                else set()
            )
            if beside & {"user", "username", "password", "database", "db"} or (
                beside & {"host", "hostname"} and beside & {"path", "method", "protocol"}
            ):
                return Confidence.CLIENT, name, False
        return Confidence.MENTION, name, False

    def _configured(self, keys: list[str]) -> tuple[Confidence, str] | None:
        """Where the tools of the web have their servers' ports: keys from the inside out."""
        path = ".".join(reversed(keys))
        for tool, places in _CONFIGURED.items():
            if self.name.startswith(tool):
                if path in places:
                    return Confidence.LISTENER, f"{tool.removesuffix('.config')} {path}"
                if path.endswith("webServer.port"):
                    return Confidence.CLIENT, path
        return None

    # --- addresses ---

    def address(self, address: Address, literal: "Node") -> Finding:
        if literal.type in {"comment", "jsx_text", "html_comment"}:
            return self.source.finding(
                address.number, Confidence.MENTION, Form.WORD, (address.start, address.end), what=literal.type,
                names=address.names, weak=True,
            )  # fmt: skip
        form = Form.TEMPLATE if literal.type == "template_string" else Form.ADDRESS
        spoken = any(
            one.type == "call_expression"
            and _SPEAKING.search(syntax.text(one.child_by_field_name("function"))[:60])
            for one in self._around(literal)
        )
        variable = self._asked_first(literal)
        names = (*self.names_around(literal), *address.names)
        return self.source.finding(
            address.number,
            Confidence.MENTION if spoken else Confidence.CLIENT,
            Form.DEFAULT if variable else form,
            (address.start, address.end),
            shown=(literal.start_byte, literal.end_byte),
            outer=(literal.start_byte, literal.end_byte),
            what="address",
            names=tuple(dict.fromkeys((*telling(variable), *names))),
            variable=variable,
            barrier=self.barrier(literal),
        )

    @staticmethod
    def _around(node: "Node") -> "Iterator[Node]":
        """The nodes around one, up to the statement or function that holds it."""
        for one in syntax.above(node):
            if one.type.endswith("_statement") or one.type in _FUNCTIONS or one.type == "program":
                return
            yield one

    def _asked_first(self, literal: "Node") -> str:
        """The variable of which a literal is the fall-back."""
        child = literal
        for one in self._around(literal):
            if one.type == "binary_expression" and one.child_by_field_name("right") == child:
                match = _URL_VARIABLE.search(syntax.text(one.child_by_field_name("left")))
                if match:
                    return match[1]
            if one.type == "object_assignment_pattern":
                return self._taken_apart(syntax.text(one.child_by_field_name("left")))
            child = one
        return ""

    def barrier(self, literal: "Node") -> str:
        """Why no expression can stand in the place of a literal; "" if it can."""
        return _barrier(literal)

    # --- what an expression comes to ---

    def value(self, node: "Node", depth: int = 0, *, names: bool = True) -> Value | None:
        """The number that an expression comes to, if it can be seen.

        Args:
            node: the expression.
            depth: how many names were followed on the way.
            names: whether to follow the names in it.
        """
        if node.type == "object":
            field = self._field(node, "port")
            return self.value(field, depth, names=names) if field is not None else None
        match = _ENVIRONMENT.search(syntax.text(node)[:300])
        variable = next(filter(None, match.groups()), "") if match else ""
        if found := self._literal(node, variable):
            return found
        return self._by_name(node, variable, depth) if names and depth <= DEEPEST else None

    def _by_name(self, node: "Node", variable: str, depth: int) -> Value | None:
        """What the first name in an expression stands for that stands for a number."""
        for one in syntax.below(node, _FUNCTIONS):
            name = syntax.text(one)
            if (
                one.type not in _NAMED
                or name in _NO_NAMES
                or (one.type == "string_fragment" and not means_port(name))
            ):
                continue
            values = [
                found if found.variable or not variable else found._replace(variable=variable)
                for definition in self.definitions(name)
                if not definition.start_byte <= node.start_byte < definition.end_byte
                and (found := self.value(definition, depth + 1))
            ]
            if values:
                best = next((each for each in values if each.variable), values[0])
                return best if best.variable else best._replace(variable=self._taken_apart(name))
        return None

    def _literal(self, node: "Node", variable: str) -> Value | None:
        """The first number in an expression, but for the base of parseInt."""
        found: list[Value | None] = []
        for one in syntax.below(node, _FUNCTIONS | {"arguments", "object", "array"}):
            if one.type == "arguments":
                called = syntax.text(one.parent.child_by_field_name("function")) if one.parent else ""
                inside = one.named_children
                if called.endswith("parseInt"):
                    inside = inside[:1]
                elif not variable and not _CONVERTS.fullmatch(called):
                    continue
                found += [self._literal(each, variable) for each in inside if each.type not in _FUNCTIONS]
            elif one.type == "number" and not _is_counted(one):
                found.append(plain(one, syntax.text(one).replace("_", ""), variable, text=False))
            elif one.type == "string":
                found.append(plain(one, _unquoted(one), variable, text=True))
        known = [value for value in found if value]
        return known[-1] if len(known) > 1 and variable else next(iter(known), None)

    def _taken_apart(self, name: str) -> str:
        """The name of a variable of the environment, if it is one that was taken out of `process.env`."""
        pattern = (
            rb"\{[^{}]{0,400}?\b"
            + re.escape(name.encode())
            + rb"\b[^{}]{0,400}\}\s*=\s*(?:process|import\.meta|Bun)\.env\b"
        )
        return name if re.search(pattern, self.data) else ""

    def modules(self) -> Iterator[str]:
        """The files of the project that are read here, as they are named: `./config`."""
        for match in re.finditer(
            rb"""(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*['"](\.{1,2}/[^'"\n]{1,200})['"]""", self.data
        ):
            yield match[1].decode("utf-8", "replace")

    def _field(self, node: "Node | None", name: str) -> "Node | None":
        if node is None or node.type != "object":
            return None
        for one in node.named_children:
            if one.type == "pair" and _unquoted(one.child_by_field_name("key")) == name:
                return one.child_by_field_name("value")
            if one.type == "shorthand_property_identifier" and syntax.text(one) == name:
                return one
        return None

    def names_around(self, node: "Node") -> tuple[str, ...]:
        """What the names around a node say about whose number it is."""
        found: list[str] = []
        for one in syntax.above(node):
            if one.type in _FUNCTIONS or one.type == "program":
                break
            named = one.child_by_field_name("key" if one.type == "pair" else "name") or (
                one.child_by_field_name("left")
                if one.type in {"assignment_expression", "assignment_pattern"}
                else None
            )
            if named is not None and one.type != "jsx_opening_element":
                found += telling(_unquoted(named).rsplit(".", 1)[-1])
        return tuple(dict.fromkeys(found))


_NESTED = {
    "createMicroservice": "options",
    "connectMicroservice": "options",
    "startStandaloneServer": "listen",
}
"""Calls that take the port in an object within another one."""
_PLURAL = frozenset(("port", "ports"))
_NAMED = frozenset(("identifier", "property_identifier", "shorthand_property_identifier", "string_fragment"))
_NO_NAMES = frozenset(
    ("Number", "parseInt", "process", "env", "undefined", "String", "get", "null", "Bun", "Deno", "isNaN")
)
_CONVERTS = re.compile(r"(?:\w+\.)?(?:Number|parseInt|String|parseFloat|normalizePort|\w*[pP]ort\w*)")
_CONFIGURED = {
    "vite.config": ("server.port",),
    "webpack": ("devServer.port",),
    "rspack": ("devServer.port",),
    "vue.config": ("devServer.port",),
    "nuxt.config": ("devServer.port", "server.port"),
    "astro.config": ("server.port",),
    "rsbuild.config": ("server.port",),
    "quasar.config": ("devServer.port",),
    "playwright.config": (),
}


def _is_counted(node: "Node") -> bool:
    """Whether a number is part of a sum, a comparison or an index, and so no port itself."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "binary_expression":
        return syntax.text(parent.child_by_field_name("operator")) in _COUNTS
    return parent.type == "subscript_expression"


def _unquoted(node: "Node | None") -> str:
    return syntax.text(node).strip("'\"`")


def _barrier(node: "Node") -> str:
    """Why no expression can stand in the place of a literal; "" if it can."""
    child = node
    for one in syntax.above(node):
        if one.type in {
            "import_statement",
            "export_statement",
            "literal_type",
            "enum_assignment",
            "jsx_attribute",
        }:
            if one.type == "export_statement" and one.child_by_field_name("source") != child:
                return ""
            return f"stands where no expression may ({one.type.replace('_', ' ')})"
        if one.type == "as_expression" and syntax.text(one).rstrip().endswith("as const"):
            return "is a constant of a type (as const)"
        if one.type == "pair" and one.child_by_field_name("key") == child:
            return "is the key of an object"
        if one.type == "expression_statement" and child.type == "string":
            return "is a directive"
        if one.type.endswith(("_statement", "_declaration")) or one.type in _FUNCTIONS:
            break
        child = one
    return ""


_NODE = re.compile(
    rb"""(?:from|require\(|import)\s*['"](?:node:|express|fastify|@nestjs/|(?:http|https|fs|path|koa|ws|socket\.io)['"])"""
    rb"""|\bprocess\.(?!env\.(?:NODE_ENV|NEXT_PUBLIC|REACT_APP))|\b(?:Bun|Deno)\.|\brequire\s*\("""
)
_PAGE = re.compile(rb"\b(?:document|window|localStorage|navigator)\.|\bimport\.meta\.env\b")
_BUNDLER = re.compile(
    rb'"(?:vite|next|webpack|parcel|rollup|esbuild|react-scripts|react-dom|vue|svelte|solid-js|nuxt|astro|@angular/core)"\s*:'
)
_OF_NODE = re.compile(r"\.config\.[cm]?[jt]s$|(?:^|/)(?:server|scripts?|bin|api)/")


def bundles(data: bytes) -> bool:
    """Whether a package.json is of something that is made for a browser."""
    return bool(_BUNDLER.search(data))


def in_browser(source: Source, *, bundled: bool) -> bool:
    """Whether a program runs in a browser, where there is no environment.

    Args:
        source: the program.
        bundled: whether its package is made for a browser.
    """
    if _OF_NODE.search(source.path) or _NODE.search(source.data):
        return False
    return bundled or source.path.endswith((".jsx", ".tsx")) or bool(_PAGE.search(source.data))
