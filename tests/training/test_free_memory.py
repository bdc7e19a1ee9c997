"""What the system says is free: the machine, and the containers in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from ctr_app.training.free_memory import free_memory

CPU = torch.device("cpu")
MEMINFO = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\n"


def system(root: Path, files: dict[str, str]) -> Path:
    """A root folder with files of these contents."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_without_containers_it_is_what_linux_says_is_available(tmp_path: Path) -> None:
    assert free_memory(CPU, system(tmp_path, {"proc/meminfo": MEMINFO})) == 8000 * 1024


def test_a_container_of_version_2_limits_what_is_free_and_its_cache_can_go(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "0::/class/lens\n",
        "sys/fs/cgroup/class/lens/memory.max": "3000000\n",
        "sys/fs/cgroup/class/lens/memory.current": "2500000\n",
        "sys/fs/cgroup/class/lens/memory.stat": "anon 1900000\ninactive_file 400000\nactive_file 200000\n",
    }
    assert free_memory(CPU, system(tmp_path, files)) == 3_000_000 - 2_500_000 + 600_000


def test_the_tightest_of_the_containers_around_it_counts(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "0::/class/lens\n",
        "sys/fs/cgroup/class/lens/memory.max": "max\n",
        "sys/fs/cgroup/class/lens/memory.current": "100\n",
        "sys/fs/cgroup/class/memory.max": "1000\n",
        "sys/fs/cgroup/class/memory.current": "300\n",
    }
    assert free_memory(CPU, system(tmp_path, files)) == 700


@pytest.mark.parametrize("group", ["lens", "not/to/be/seen/from/inside"])
def test_a_container_of_version_1_is_found_by_its_path_or_at_the_top(tmp_path: Path, group: str) -> None:
    folder = "sys/fs/cgroup/memory/lens" if group == "lens" else "sys/fs/cgroup/memory"
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": f"5:cpu,cpuacct:/x\n4:memory:/{group}\n0::/\n",
        f"{folder}/memory.limit_in_bytes": "5000\n",
        f"{folder}/memory.usage_in_bytes": "4000\n",
        f"{folder}/memory.stat": "total_inactive_file 50\ntotal_active_file 25\n",
    }
    assert free_memory(CPU, system(tmp_path, files)) == 1075


def test_a_container_that_is_full_leaves_nothing(tmp_path: Path) -> None:
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "1000\n",
        "sys/fs/cgroup/memory.current": "1200\n",
    }
    assert free_memory(CPU, system(tmp_path, files)) == 0


def test_a_system_that_tells_less_has_all_its_memory_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf_names", {"SC_PHYS_PAGES": 1, "SC_PAGE_SIZE": 2}, raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 50, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False)
    assert free_memory(CPU, tmp_path) == 50 * 4096
    monkeypatch.setattr(os, "sysconf_names", {}, raising=False)
    assert free_memory(CPU, tmp_path) is None


def test_this_machine_has_some_free() -> None:
    free = free_memory(CPU)
    assert free is None or free > 2**20


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_tensor_on_the_gpu_is_not_free_and_what_it_leaves_is() -> None:
    device = torch.device("cuda")
    before = free_memory(device)
    taken = torch.empty(2**28, dtype=torch.uint8, device=device)
    with_it = free_memory(device)
    del taken
    after = free_memory(device)
    assert before is not None
    assert with_it is not None
    assert after is not None
    assert before - with_it >= 2**28
    assert after - with_it >= 2**28
