"""What the processes of a sandbox give up before they meet untrusted code (Linux on x86-64 and arm64).

The zygote gives up almost everything, once for itself and all its children: a fork inherits limits and the filter of
system calls, so that they cost nothing per program. Each child only changes its user id.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import struct

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc_holding_the_interpreter = ctypes.PyDLL(None)
# glibc's fork without the preparations that only a process with threads needs, from glibc 2.34 on.
_fork = getattr(_libc_holding_the_interpreter, "_Fork", _libc_holding_the_interpreter.fork)

# System call -> (number on x86-64, number on arm64). Denied because they reach other processes, the
# clock, namespaces, memory that nothing counts, or objects that would outlive the program.
_DENIED = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440), "kcmp": (312, 272),
    "move_pages": (279, 239), "migrate_pages": (256, 238), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "init_module": (175, 105),
    "delete_module": (176, 106), "finit_module": (313, 273), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "shmdt": (67, 197), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191),
    "semtimedop": (220, 192), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181), "setpriority": (141, 140),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    "ioprio_set": (251, 30), "personality": (135, 92), "acct": (163, 89), "quotactl": (179, 60),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "syslog": (103, 116), "sethostname": (170, 161),
    "setdomainname": (171, 162), "memfd_create": (319, 279), "memfd_secret": (447, 447),
}  # fmt: skip
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_RT_SIGACTION = (13, 134)
# Those of the internet end at the sandbox, which has no network but itself. Others may reach files and the host.
_SOCKET = (41, 198)
_ON_ONESELF_ONLY = ((302, 261), (203, 122))  # prlimit and sched_setaffinity
_AF_INET, _AF_INET6 = 2, 10
_WAIT_ALL = 0x40000000  # __WALL of wait(2): also for children that signal no end
_NAMESPACE_FLAGS = 0x7E020080  # every CLONE_NEW* flag
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_FIRST_ARGUMENT, _OFFSET_SECOND_ARGUMENT = 0, 4, 16, 24


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install_system_call_filter() -> None:
    """Deny the system calls above to the calling process and its future children, for good.

    Raises:
        OSError: no filter is known for this machine, or the kernel refused it.
    """
    machine = os.uname().machine
    if machine not in _AUDIT_ARCH:
        raise OSError(f"no system call filter for {machine}: use x86_64 or aarch64")
    code = _assemble(_AUDIT_ARCH[machine], column=0 if machine == "x86_64" else 1)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    set_process_option(PR_SET_NO_NEW_PRIVS, 1)
    set_process_option(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))


def _assemble(audit_arch: int, column: int) -> bytes:
    denied = sorted(numbers[column] for numbers in _DENIED.values())
    # After the chain come, in this order: allow, deny, no such call, and checks of clone, of whom a call concerns, of
    # the signal that a process gets when a child ends, and of the family of a socket.
    head = [
        (_LOAD, 0, 0, _OFFSET_ARCH),
        (_JUMP_EQUAL, 1, 0, audit_arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _OFFSET_NUMBER),
    ]
    chain: list[tuple[int, str, int]] = [(_JUMP_AT_LEAST, "deny", 0x40000000)]  # the x32 numbering
    chain += [(_JUMP_EQUAL, "deny", number) for number in denied]
    chain.append((_JUMP_EQUAL, "no_such_call", _CLONE3[column]))
    chain.append((_JUMP_EQUAL, "clone", _CLONE[column]))
    chain += [(_JUMP_EQUAL, "on_oneself", numbers[column]) for numbers in _ON_ONESELF_ONLY]
    chain.append((_JUMP_EQUAL, "signal", _RT_SIGACTION[column]))
    chain.append((_JUMP_EQUAL, "socket", _SOCKET[column]))
    target = {"allow": 0, "deny": 1, "no_such_call": 2, "clone": 3, "on_oneself": 6, "signal": 12, "socket": 20}
    instructions = list(head)
    for position, (operation, label, operand) in enumerate(chain):
        instructions.append((operation, len(chain) - position - 1 + target[label], 0, operand))
    instructions += [
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        # glibc falls back to clone only when clone3 does not exist at all.
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_LOAD, 0, 0, _OFFSET_FIRST_ARGUMENT),
        (_JUMP_ANY_BIT, 5, 0, _NAMESPACE_FLAGS),
        (_RETURN, 0, 0, _ALLOW),
        # Where the child keeps the user id of the zygote, these would reach the zygote.
        (_LOAD, 0, 0, _OFFSET_FIRST_ARGUMENT),
        (_JUMP_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, _OFFSET_FIRST_ARGUMENT + 4),
        (_JUMP_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
        # Children whose end is ignored are forgotten, with the processor time that they used. Asking is allowed.
        (_LOAD, 0, 0, _OFFSET_FIRST_ARGUMENT),
        (_JUMP_EQUAL, 0, 5, signal.SIGCHLD),
        (_LOAD, 0, 0, _OFFSET_SECOND_ARGUMENT),
        (_JUMP_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, _OFFSET_SECOND_ARGUMENT + 4),
        (_JUMP_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _OFFSET_FIRST_ARGUMENT),
        (_JUMP_EQUAL, 1, 0, _AF_INET),
        (_JUMP_EQUAL, 0, 1, _AF_INET6),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


def set_process_option(option: int, value: int, argument: object = 0) -> None:
    """Call prctl(2).

    Raises:
        OSError: the kernel refused.
    """
    if _libc.prctl(option, value, argument, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def protect_zygote() -> None:
    """Keep the children of the calling process from reading its memory and from sending it signals."""
    set_process_option(PR_SET_DUMPABLE, 0)
    # The kernel ignores signals from inside to a namespace's first process, unless it handles them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def can_change_user() -> bool:
    """Whether the calling process may give a child a user id of its own."""
    capabilities = 0
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("CapEff:"):
                capabilities = int(line.split()[1], 16)
    cap_setgid, cap_setuid = 1 << 6, 1 << 7
    return os.getuid() == 0 and capabilities & (cap_setgid | cap_setuid) == cap_setgid | cap_setuid


def limit_resources(memory_bytes: int, file_bytes: int, processes: int) -> None:
    """Set hard limits, which no child can raise again."""
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(kind, (value, value))


def limit_descriptors(most: int) -> None:
    """Set a hard limit on open files for the calling process.

    Not for the zygote: the kernel lets a process send no descriptor while more of its user's are under way, in messages
    that nobody has read yet, than it may have itself. Those of all sandboxes and judges of a user count.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def raise_limit_of_descriptors() -> None:
    """Let the calling process have as many open files as it ever may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def join_group(group_id: int) -> None:
    """Give the calling process a group of its own, and no other group."""
    os.setgroups([])
    os.setresgid(group_id, group_id, group_id)


def fork() -> int:
    """Fork the calling process, which must have one thread and hold no lock.

    In the child, `os.fork` repairs locks and threads and seeds `random` again. Nothing of that is needed here, and it
    takes four fifths of the time of a child that ends at once.

    Returns:
        Zero in the child, the child's process id in the parent.

    Raises:
        OSError: the kernel refused.
    """
    process = int(_fork())
    if process < 0:
        raise OSError("fork failed")
    return process


def fork_apart() -> int:
    """Fork as `fork` does, but a child that `has_children` does not count, and that signals no end.

    Returns:
        Zero in the child, the child's process id in the parent.

    Raises:
        OSError: the kernel refused.
    """
    # clone(2) with no flags, and no signal for the parent.
    number = _CLONE[0 if os.uname().machine == "x86_64" else 1]
    process = int(_libc_holding_the_interpreter.syscall(number, 0, 0, 0, 0, 0))
    if process < 0:
        raise OSError("clone failed")
    return process


def end_apart(process: int) -> None:
    """End a child of `fork_apart`, in whatever state it is."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, _WAIT_ALL)


def has_children() -> bool:
    """Whether the calling process still has children; one that has ended is waited for.

    `os.waitpid` would answer with an exception, which takes longer than the call.
    """
    return int(_libc_holding_the_interpreter.waitpid(-1, None, os.WNOHANG)) >= 0


def stay_on_processor() -> int:
    """Keep the calling process and its children on the processor where it is, because its cache holds their memory.

    Returns:
        The number of the processor.
    """
    processor = int(_libc.sched_getcpu())
    use_processors({processor})  # where it is just being taken away, there are others
    return processor


def use_processors(processors: set[int]) -> None:
    """Let the calling process use several processors, as far as they are there."""
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, processors)


def become(user_id: int) -> None:
    """Give the calling process another user id, for good: it loses all its capabilities. -1 changes nothing."""
    os.setresuid(user_id, user_id, user_id)
