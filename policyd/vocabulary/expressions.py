"""What expressions are made of beside fields: signs by how tightly they bind, functions and methods, constants.

`expression` knows functions by these rows, `resolve` makes values of them, `explain` prints them.  What the signs compute is
in `operations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """A function `name(…)`, or a method `x.name(…)`, which takes from `least` to `most` arguments."""

    name: str
    method: bool
    least: int
    most: int
    explain: str
    example: str

    @property
    def spelled(self) -> str:
        """The name as messages have it: methods begin with a dot."""
        return f".{self.name}" if self.method else self.name


def _function(name: str, least: int, most: int, explain: str, example: str) -> Function:
    return Function(name, False, least, most, explain, example)


def _method(name: str, least: int, most: int, explain: str, example: str) -> Function:
    return Function(name, True, least, most, explain, example)


_ROWS: tuple[Function, ...] = (
    _function("has", 1, 1, "There is such a value, or such a row of a table.", "has(args.filename)"),
    _function("size", 1, 1, "The bytes of a text, as far as it was kept.", "size(args.filename) > 100"),
    _function("min", 2, 8, "The least of some numbers.", "min(args.count, 4096)"),
    _function("max", 2, 8, "The greatest of some numbers.", "max(process.uid, process.gid)"),
    _function("first", 1, 16, "The first path that this kernel has.", "first(args.flags, args.mode)"),
    _function("late", 1, 1, "What an argument points to, read as the call ends.", "late(args.buf)"),
    _function("ip", 1, 1, "An address.", 'dst.ip == ip("192.0.2.7")'),
    _function("cidr", 1, 1, "A network, to the right of `in`.", 'dst.ip in cidr("10.0.0.0/8")'),
    _function(
        "container_of",
        1,
        1,
        "The structure that a member lies in, in paths.",
        "args.next.se.container_of(task_struct.se).pid",
    ),
    _method("as", 1, 1, "The value as another type; behind a pointer, its members.", "args.fd.as(s64)"),
    _method(
        "bytes", 1, 2, "So many bytes at a pointer, at most 256 or the second number.", "args.buf.bytes(args.count, 64)"
    ),
    _method("startsWith", 1, 64, "The text begins with one of these.", 'args.filename.startsWith("/etc/", "/boot/")'),
    _method("endsWith", 1, 64, "The text ends with one of these.", 'args.filename.endsWith(".so")'),
    _method("contains", 1, 64, "One of these stands in the text.", 'process.args.contains("--privileged")'),
    _method("glob", 1, 64, "The text fits one of these patterns; in filters only.", 'args.filename.glob("/home/*/.ssh/*")'),
    _method("under", 1, 64, "The path is one of these or below it; in filters only.", 'args.filename.under("/etc")'),
    _method("has", 1, 1, "All of these bits are set.", "args.flags.has(O_CREAT | O_EXCL)"),
    _method(
        "container_of",
        1,
        1,
        "The structure that a member lies in, in paths.",
        "args.next.se.container_of(task_struct.se).pid",
    ),
)

FUNCTIONS: dict[str, Function] = {row.spelled: row for row in _ROWS}
"""Every function and method by its spelling, in the order that people read them."""

PRECEDENCE: tuple[tuple[str, str], ...] = (
    (".name  [key]  .name(…)", "members, elements and rows, methods"),
    ("!  -  ~", "not, the other sign, all bits turned over"),
    ("*  /  %", "product, quotient, rest"),
    ("+  -", "sum, difference"),
    ("<<  >>", "bits moved up, down"),
    ("&", "bits that both have"),
    ("^", "bits in which they differ"),
    ("|", "bits that one has"),
    ("??", "the first, or the second where that is absent"),
    ("==  !=  <  <=  >  >=  in", "comparisons, which do not follow each other"),
    ("&&", "all hold"),
    ("||", "one holds"),
    ("? :", "the second if the first holds, else the third"),
)
"""Signs from the tightest to the loosest, as `expression/grammar.lark` has them."""

CONSTANTS: tuple[tuple[str, str], ...] = (
    ("42  0x2a  0755  64Ki", "numbers, as the type that they meet reads them"),
    ("10ms  1h30m  256Ki", "durations and sizes"),
    ("\"text\"  'text'", 'texts; a backslash escapes: \\n \\t \\\\ \\" \\x41 \\u00e9'),
    ("O_CREAT  SIGKILL  root", "names, beside a value whose type knows them"),
    ("true  false", "beside what is true or false"),
    ("params.NAME  lists.NAME", "a param in comparisons of filters; a list, to the right of `in`"),
)
"""What stands for itself."""
