"""The kernel's lists of its functions, and which probes may be tried here."""

from __future__ import annotations

from pathlib import Path

import pytest

from policyd.kernel import attachable, functions
from policyd.kernel.attachable import ATTACHING, AttachFeatures, Feature, Probe
from policyd.kernel.functions import addresses, injectable_functions, traceable_functions
from policyd.vocabulary.attach import ATTACH_KINDS


def test_functions_of_the_kernel_and_of_modules_are_read_without_their_modules(tmp_path: Path) -> None:
    (tmp_path / "available_filter_functions").write_text("vfs_read\nnft_do_chain [nf_tables]\n\n")
    assert traceable_functions(tmp_path) == frozenset({"vfs_read", "nft_do_chain"})


def test_a_list_that_is_not_there_is_unknown_not_empty(tmp_path: Path) -> None:
    assert traceable_functions(tmp_path) is None


def test_a_kernel_without_error_injection_has_no_function_for_it(tmp_path: Path) -> None:
    assert injectable_functions(tmp_path) == frozenset()
    (tmp_path / "error_injection").mkdir()
    (tmp_path / "error_injection/list").write_text("should_failslab\tERRNO\n__x64_sys_read\tERRNO\nd_alloc\tNULL\n")
    assert injectable_functions(tmp_path) == frozenset({"should_failslab", "__x64_sys_read", "d_alloc"})


def test_a_function_is_looked_for_again_when_a_module_came_or_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules, symbols = tmp_path / "modules", tmp_path / "kallsyms"
    monkeypatch.setattr(functions, "_MODULES", modules)
    monkeypatch.setattr(functions, "_SYMBOLS", symbols)
    functions._addresses.cache_clear()
    assert addresses("dummy_xmit") == frozenset()  # a kernel that shows neither
    modules.write_text("dummy 16384 0 - Live 0xffffffffc0400000\n")
    symbols.write_text("ffffffffc0400010 t dummy_xmit\t[dummy]\nffffffffc0400020 d dummy_xmit_data\t[dummy]\n")
    assert addresses("dummy_xmit") == {0xFFFFFFFFC0400010}
    modules.write_text("dummy 16384 7 - Live 0xffffffffc0400000\n")  # somebody uses it: nothing has moved
    symbols.write_text("")
    assert addresses("dummy_xmit") == {0xFFFFFFFFC0400010}
    modules.write_text("")
    assert addresses("dummy_xmit") == frozenset()
    functions._addresses.cache_clear()


def test_what_may_not_be_tried_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachable, "missing", tuple)
    assert dict(AttachFeatures()) == {}
    assert AttachFeatures().get("fentry") is None


def test_a_probe_is_tried_once_and_only_if_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def probe(rows: tuple[Probe, ...]) -> tuple[Feature, ...]:
        tried.extend(row.name for row in rows)
        return tuple(Feature(row.name, row.group, False) for row in rows)

    monkeypatch.setattr(attachable, "probe", probe)
    monkeypatch.setattr(attachable, "missing", lambda _: ())
    monkeypatch.setattr(attachable, "in_user_namespace", lambda: False)
    attachable._is_there.cache_clear()
    try:
        assert [AttachFeatures()["fexit"], AttachFeatures()["fexit"]] == [False, False]
        assert tried == ["fexit"]
    finally:
        attachable._is_there.cache_clear()


def test_every_kind_of_probe_is_tried_by_doctor() -> None:
    tried = {row.name for row in ATTACHING}
    kinds = {row.kind for row in ATTACH_KINDS}
    assert kinds - tried == {"tcx", "clsact"}  # `tc ingress (tcx)`, `tc egress (tcx)`, `tc (clsact)`
