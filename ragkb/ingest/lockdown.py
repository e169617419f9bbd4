"""What a process that parses a document may do: limits by the operating system, and no way out.

Linux on x86-64 and ARM: a seccomp filter, which native code cannot pass either. Elsewhere: an audit hook, which stops
Python code alone. Both are for good: a process that has locked itself down stays so, and its children too.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_ADDRESS_SPACE = 4_000_000_000  # bytes that libraries may reserve without using them, beyond the limit on memory
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CLONE_THREAD = 0x10000

# Numbers of system calls on (x86-64, ARM); -1 where the architecture has none of that name.
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_DENIED: dict[str, tuple[int, int]] = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, -1), "vfork": (58, -1), "setsid": (112, 157),
    "setpgid": (109, 154), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "creat": (85, -1), "truncate": (76, 45),
    "rename": (82, -1), "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, -1), "mkdirat": (258, 34),
    "rmdir": (84, -1), "unlink": (87, -1), "unlinkat": (263, 35), "link": (86, -1), "linkat": (265, 37),
    "symlink": (88, -1), "symlinkat": (266, 36), "mknod": (133, -1), "mknodat": (259, 33), "chmod": (90, -1),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, -1), "fchown": (93, 55),
    "lchown": (94, -1), "fchownat": (260, 54), "utime": (132, -1), "utimes": (235, -1), "futimesat": (261, -1),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "mount": (165, 40),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190),
}  # fmt: skip
# subtle: these answer as an older kernel does, upon which libraries take the older call, whose arguments can be seen.
_UNKNOWN = {"clone3": (435, 435), "openat2": (437, 437), "io_uring_setup": (425, 425)}
_OPEN, _OPENAT, _CLONE = (2, -1), (257, 56), (56, 220)
_KILL, _TGKILL, _PRLIMIT, _PRCTL = (62, 129), (234, 131), (302, 261), (157, 167)

_BLOCKED_EVENTS = (
    "socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile",
    "os.kill", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
    "os.chown", "os.utime", "shutil.", "tempfile.", "winreg.", "ftplib.", "http.client.", "urllib.", "smtplib.",
)  # fmt: skip


def die_with_parent() -> None:
    """Has the system kill this process when the thread that started it ends (Linux), and dumps no memory anywhere."""
    if resource:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, 9)
        _prctl(_PR_SET_DUMPABLE, 0)


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Limits this process: memory that it writes to, processor time from now on, no byte into any file."""
    if not resource:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime) + 1
    _set(resource.RLIMIT_CPU, spent + cpu_seconds)
    _set(resource.RLIMIT_FSIZE, 0)
    if sys.platform == "linux":
        _set(resource.RLIMIT_DATA, memory_bytes)
        _set(resource.RLIMIT_AS, memory_bytes + _ADDRESS_SPACE)
    else:
        _set(resource.RLIMIT_AS, memory_bytes)


def isolate() -> None:
    """Ends this process's access to network, other processes and files to write."""
    if not _install_filter():
        sys.addaudithook(_refuse)


def isolation() -> str:
    """Which of the two `isolate` uses here: "seccomp" or "audit hook"."""
    return "seccomp" if _filter_for(0) and _has_seccomp() else "audit hook"


def _set(kind: int, value: int) -> None:
    """subtle: the hard limit stays where it is lower, since only an administrator may raise it."""
    _, hard = resource.getrlimit(kind)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with suppress(ValueError, OSError):  # macOS does not know every limit
        resource.setrlimit(kind, (most, hard))


def _refuse(event: str, arguments: Any) -> None:
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        writes = set(mode) & set("wax+") if isinstance(mode, str) else isinstance(flags, int) and flags & _WRITING
        if not writes:
            return
    elif not event.startswith(_BLOCKED_EVENTS):
        return
    raise PermissionError(errno.EPERM, f"{event} is not allowed while a document is parsed")


# --- seccomp ----------------------------------------------------------------------------------------------------------

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_NUMBER, _ARCHITECTURE = 0, 4  # where the kernel puts them
_DENY, _NO_SUCH_CALL, _X32 = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x40000000


def _install_filter() -> bool:
    """Installs the filter; False where there is none for this machine, or the kernel does not take it."""
    program = _filter_for(os.getpid())
    if not program or _prctl(_PR_SET_NO_NEW_PRIVS, 1) != 0:
        return False
    buffer = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    return _prctl(_PR_SET_SECCOMP, 2, ctypes.create_string_buffer(head, len(head))) == 0


def _has_seccomp() -> bool:
    """Whether the kernel has filters: it looks for one at address 0 (EFAULT) instead of refusing the call (EINVAL)."""
    return _prctl(_PR_SET_SECCOMP, 2, None) != 0 and ctypes.get_errno() == errno.EFAULT


def _filter_for(process: int) -> bytes:
    """The filter's instructions for this machine, b'' where there are none. process: the only one it may signal."""
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES or sys.maxsize < 2**32:
        return b""
    column, architecture = _ARCHITECTURES[platform.machine()]
    rules = [_op(_LOAD, _ARCHITECTURE), _op(_JUMP_EQUAL, architecture, 1, 0), _op(_RETURN, _KILL_PROCESS)]
    rules += [_op(_LOAD, _NUMBER), _op(_JUMP_AT_LEAST, _X32, 0, 1), _op(_RETURN, _DENY)]
    for names, answer in ((_DENIED, _DENY), (_UNKNOWN, _NO_SUCH_CALL)):
        for call in names.values():
            rules += _rule(call[column], [_op(_RETURN, answer)])
    rules += _rule(_OPEN[column], _unless_any_bit(1, _WRITING))
    rules += _rule(_OPENAT[column], _unless_any_bit(2, _WRITING))
    rules += _rule(_CLONE[column], _if(_JUMP_ANY_BIT, 0, _CLONE_THREAD))
    rules += _rule(_KILL[column], _if(_JUMP_EQUAL, 0, process))
    rules += _rule(_TGKILL[column], _if(_JUMP_EQUAL, 0, process))
    rules += _rule(_PRLIMIT[column], _if(_JUMP_EQUAL, 0, 0))
    rules += _rule(_PRCTL[column], _unless_equal(0, _PR_SET_PDEATHSIG))
    return b"".join([*rules, _op(_RETURN, _ALLOW)])


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction. yes, no: how many instructions a comparison skips."""
    return struct.pack("=HBBI", code, yes, no, value)


def _rule(number: int, body: Sequence[bytes]) -> list[bytes]:
    """`body`, which ends in an answer, for the system call with that number; nothing for -1."""
    return [] if number < 0 else [_op(_JUMP_EQUAL, number, 0, len(body)), *body]


def _if(comparison: int, argument: int, value: int) -> list[bytes]:
    """Allows the call if the lower half of its argument compares so."""
    loaded = _op(_LOAD, 16 + 8 * argument)
    return [loaded, _op(comparison, value, 0, 1), _op(_RETURN, _ALLOW), _op(_RETURN, _DENY)]


def _unless_any_bit(argument: int, bits: int) -> list[bytes]:
    return [*_if(_JUMP_ANY_BIT, argument, bits)[:2], _op(_RETURN, _DENY), _op(_RETURN, _ALLOW)]


def _unless_equal(argument: int, value: int) -> list[bytes]:
    return [*_if(_JUMP_EQUAL, argument, value)[:2], _op(_RETURN, _DENY), _op(_RETURN, _ALLOW)]


def _prctl(option: int, *values: Any) -> int:
    """The call's answer, 0 where it went well."""
    library = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_void_p(value) if value is None else value for value in values]
    padded = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in (*given, 0, 0, 0, 0)][:4]
    return int(library.prctl(ctypes.c_int(option), *padded))
