"""Runs a command that Linux refuses tile registers.

A filter of system calls answers arch_prctl(ARCH_REQ_XCOMP_PERM, ...) with EPERM.
"""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, EPERM = 0x7FFF0000, 0x00050001
ARCH_PRCTL, ARCH_REQ_XCOMP_PERM = 158, 0x1023
NUMBER, FIRST_ARGUMENT = 0, 16  # offsets in struct seccomp_data

filter = b"".join(
    struct.pack("HBBI", *instruction) for instruction in [
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_EQUAL, 0, 3, ARCH_PRCTL),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_EQUAL, 0, 1, ARCH_REQ_XCOMP_PERM),
        (RETURN, 0, 0, EPERM),
        (RETURN, 0, 0, ALLOW),
    ])
buffer = ctypes.create_string_buffer(filter, len(filter))
program = struct.pack("HxxxxxxQ", len(filter) // 8, ctypes.addressof(buffer))
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p,
                  ctypes.c_ulong, ctypes.c_ulong]
if (prctl(PR_SET_NO_NEW_PRIVS, 1, None, 0, 0) != 0
        or prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0):
    sys.exit("cannot filter system calls: "
             + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
