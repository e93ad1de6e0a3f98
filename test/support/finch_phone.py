"""Finch for the tests, on a terminal of its own: commands as JSON lines on standard input, what it shows as JSON lines on
standard output. It is driven by keys as a person would; what it has shown stands in its logs."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from xml.sax.saxutils import escape

ROWS, COLUMNS = 60, 200
ALT_Q, DOWN, ENTER = "\x1bq", "\x1b[B", "\r"
LINE = re.compile(r"^\(\d+:\d+:\d+\) (.*?): (.*)$")
SIGNED = re.compile(r"^---- \+\+\+ (\S+) signed (on|off) @")
CHANGED = re.compile(r"^---- (\S+) .*changed status from .* to (.*) @")
PATIENCE = 20.0


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def setting(name, value):
    kind = {bool: "bool", int: "int", str: "string"}[type(value)]
    return f"<setting name='{name}' type='{kind}'>{int(value) if kind == 'bool' else escape(value) if kind == 'string' else value}</setting>"


def preference(path, value):
    kind = "string" if isinstance(value, str) else "bool" if isinstance(value, bool) else "int"
    text = f"<pref name='{path[-1]}' type='{kind}' value='{int(value) if kind == 'bool' else value}'/>"
    for name in reversed(path[:-1]):
        text = f"<pref name='{name}'>{text}</pref>"
    return text


def save(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write("<?xml version='1.0' encoding='UTF-8' ?>\n" + text)


def configure(folder, options):
    """What a person would have set up before: the account, the contacts, and that everything is logged."""
    own, proxy, aor = options["own"], options["proxy"], options["aor"]
    account = {"udp": True, "useproxy": True, "dopublish": True, "proxy": proxy["address"], "port": proxy["port"]}
    save(
        folder,
        "accounts.xml",
        "<account version='1.0'><account><protocol>prpl-simple</protocol>"
        f"<name>{escape(aor)}</name><password>{escape(options['password'])}</password>"
        f"<settings>{''.join(setting(name, value) for name, value in account.items())}</settings>"
        f"<settings ui='gnt-purple'>{setting('auto-login', True)}</settings></account></account>",
    )
    preferences = {
        ("purple", "logging", "log_ims"): True,
        ("purple", "logging", "log_system"): True,
        ("purple", "logging", "format"): "txt",
        ("purple", "network", "auto_ip"): False,
        ("purple", "network", "public_ip"): own["address"],
        ("purple", "network", "ports_range_use"): True,
        ("purple", "network", "ports_range_start"): own["port"],
        ("purple", "network", "ports_range_end"): own["port"],
        ("finch", "blist", "showoffline"): True,
    }
    save(folder, "prefs.xml", f"<pref version='1' name='/'>{''.join(preference(*one) for one in preferences.items())}</pref>")
    buddies = "".join(
        f"<contact><buddy account='{escape(aor)}' proto='prpl-simple'><name>{escape(uri)}</name></buddy></contact>"
        for uri in options["contacts"]
    )
    save(folder, "blist.xml", f"<purple version='1.0'><blist><group name='People'>{buddies}</group></blist></purple>")


class Finch:
    def __init__(self, folder):
        self.logs = os.path.join(folder, "logs")
        self.read = {}
        self.screen = b""
        self.partner = None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.environ.update(HOME=folder, TERM="xterm", LC_ALL="C.UTF-8")
            os.execvp("finch", ["finch", "-c", folder])

    def look(self, seconds):
        """Takes what it paints; says whether it still runs."""
        try:
            if select.select([self.terminal], [], [], seconds)[0]:
                self.screen += os.read(self.terminal, 65536)
            return True
        except OSError:
            return False

    def until(self, what, check):
        """Waits for something to be seen, never for a time."""
        end = time.monotonic() + PATIENCE
        while not check():
            if time.monotonic() > end:
                raise RuntimeError(f"finch does not show {what}: {self.screen[-2000:]!r}")
            if not self.look(0.05):
                raise RuntimeError("finch has ended")

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def paints(self, what, keys):
        """Presses keys until something is painted that was not there before."""
        start = len(self.screen)
        self.press(keys)
        self.until(what, lambda: what.encode() in self.screen[start:])

    def news(self):
        """New lines of its logs, each with the person whom the log is about; the account's own has no name."""
        for folder, _, files in os.walk(self.logs):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    file.seek(self.read.get(path, 0))
                    while (line := file.readline()).endswith("\n"):
                        self.read[path] = file.tell()
                        yield line[:-1]


def report(finch, own):
    for line in finch.news():
        print(line, file=sys.stderr)
        said, signed, changed = LINE.match(line), SIGNED.match(line), CHANGED.match(line)
        if said and said[1].startswith("sip:"):
            tell(event="message", uri=said[1], text=said[2])
        elif signed and signed[1] == own:
            tell(event="online" if signed[2] == "on" else "offline")
        elif changed:
            tell(event="presence", uri=changed[1], state=changed[2].lower(), activity=None, note=None)


def say(finch, to, text):
    """To the only contact of its list: opens the conversation from there, and types."""
    if finch.partner != to:
        finch.paints(f"{to} (", DOWN + ENTER)
        finch.partner = to
    finch.press(text + ENTER)


def main():
    options = json.loads(sys.argv[1])
    configure(options["folder"], options)
    finch = Finch(options["folder"])
    tell(event="ready")
    buffered = b""
    while finch.look(0.02):
        report(finch, options["aor"])
        if not select.select([0], [], [], 0)[0]:
            continue
        octets = os.read(0, 65536)
        *lines, buffered = (buffered + octets).split(b"\n")
        commands = [json.loads(line) for line in lines]
        for command in commands:
            if "say" in command:
                say(finch, command["to"], command["say"])
        if not octets or any("quit" in command for command in commands):
            finch.press(ALT_Q)
            break
    while finch.look(0.05):
        pass
    os.waitpid(finch.pid, 0)
    tell(event="stopped")


main()
