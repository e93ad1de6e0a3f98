"""What the phones made of a C library share: calls of its functions, commands as JSON lines on standard input, what the phone
sees as JSON lines on standard output."""

import ctypes
import json
import os

# Libraries write their logs where the protocol would go.
PROTOCOL = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class Pointer(int):
    """An object of the library: a number, but not to be cut to the size of an int."""


def functions_of(library):
    """Makes the function that calls those of a library by name."""

    def c(name, *arguments, result=None):
        """Calls a function of the library; None as result says that it returns an object or nothing."""
        function = getattr(library, name)
        function.restype = result or ctypes.c_void_p
        function.argtypes = [
            ctypes.c_int if isinstance(a, int) and not isinstance(a, Pointer) else ctypes.c_void_p for a in arguments
        ]
        value = function(*[a.encode() if isinstance(a, str) else a for a in arguments])
        if result is ctypes.c_char_p:
            return value.decode() if value is not None else None
        return value if result else Pointer(value or 0)

    return c


def tell(**event):
    PROTOCOL.write(json.dumps(event) + "\n")
    PROTOCOL.flush()


def serve(phone, wait):
    """Carries out commands until one says `quit` or nobody speaks any more; `wait` lets the library work and says whether
    standard input can be read."""
    tell(event="ready")
    buffered = b""
    while True:
        if not wait():
            continue
        octets = os.read(0, 65536)
        if not octets:
            return
        *lines, buffered = (buffered + octets).split(b"\n")
        for line in lines:
            command = json.loads(line)
            if command.get("quit"):
                phone.stop()
                tell(event="stopped")
                return
            carry_out(phone, command)


def carry_out(phone, command):
    if "watch" in command:
        phone.watch(command["watch"])
    elif "unwatch" in command:
        phone.unwatch(command["unwatch"])
    elif "say" in command:
        phone.say(command["to"], command["say"])
    elif "decide" in command:
        phone.decide(command["uri"], command["decide"])
    elif "be" in command:
        phone.be(command["be"], command.get("note"))
