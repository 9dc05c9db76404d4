"""`#line` directives: taken out before compiling, and used to map errors back to policies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policyd.builders.directives import without_directives
from policyd.codegen.ctext import string
from policyd.errors import Position

TEXT = 'int a;\n#line 12 "policies/x.yaml"\n\tif (b)\n#line 5 "generated.c"\n\treturn c;\n'


def test_the_lines_keep_their_numbers() -> None:
    assert without_directives(TEXT).text == "int a;\n\n\tif (b)\n\n\treturn c;\n"


def test_a_line_under_a_directive_is_the_policys_and_others_are_not() -> None:
    plain = without_directives(TEXT)
    assert [plain.position(line) for line in (1, 3, 5)] == [None, Position("policies/x.yaml", 12, 1), None]


def test_a_line_of_c_is_shown_without_its_indentation_and_a_line_that_is_not_there_as_nothing() -> None:
    plain = without_directives(TEXT)
    assert [plain.line(number) for number in (3, 0, 99)] == ["if (b)", "", ""]


def test_code_that_differs_only_in_where_its_policy_is_compiles_to_the_same_object() -> None:
    moved = TEXT.replace("12", "999").replace("x.yaml", "elsewhere/y.yaml")
    assert without_directives(moved).text == without_directives(TEXT).text


@given(st.text(max_size=60))
def test_any_file_name_that_codegen_can_spell_is_read_back(name: str) -> None:
    plain = without_directives(f"#line 7 {string(name)}\nx;\n")
    assert plain.directives == ((1, 7, name),)
