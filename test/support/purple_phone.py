"""A SIMPLE client made of libpurple for the tests (library_phone.py). It is what Pidgin and Finch are without their windows."""

import ctypes
import json
import select
import sys

from library_phone import Pointer, functions_of, serve, tell

purple = ctypes.CDLL("libpurple.so.0", mode=ctypes.RTLD_GLOBAL)
glib = ctypes.CDLL("libglib-2.0.so.0")
glib.g_main_context_iteration.argtypes = [ctypes.c_void_p, ctypes.c_int]
c = functions_of(purple)

UI = "isthmus-test"
READ, WRITE = 1, 2  # PurpleInputCondition
STATES = {"offline": 1, "online": 2, "busy": 3, "away": 5}  # PurpleStatusPrimitive

INPUT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
ADD_INPUT = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_int, INPUT, ctypes.c_void_p)
REMOVE_INPUT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint)
SIGNAL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class EventLoopOps(ctypes.Structure):
    _fields_ = [
        ("timeout_add", ctypes.c_void_p),
        ("timeout_remove", ctypes.c_void_p),
        ("input_add", ADD_INPUT),
        ("input_remove", REMOVE_INPUT),
        ("input_get_error", ctypes.c_void_p),
        ("timeout_add_seconds", ctypes.c_void_p),
        ("reserved", ctypes.c_void_p * 3),
    ]


class Inputs:
    """File descriptors that libpurple waits for."""

    def __init__(self):
        self.waiting = {}
        self.last = 0

    def add(self, descriptor, condition, function, data):
        self.last += 1
        self.waiting[self.last] = (descriptor, condition, function, data)
        return self.last

    def remove(self, handle):
        return 1 if self.waiting.pop(handle, None) else 0

    def wait(self, seconds):
        """Serves what is ready; says whether standard input is."""
        reading = [0] + [w[0] for w in self.waiting.values() if w[1] & READ]
        writing = [w[0] for w in self.waiting.values() if w[1] & WRITE]
        readable, writable, _ = select.select(reading, writing, [], seconds)
        for handle, (descriptor, condition, function, data) in list(self.waiting.items()):
            ready = (READ if descriptor in readable else 0) | (WRITE if descriptor in writable else 0)
            if handle in self.waiting and ready & condition:
                function(data, descriptor, ready & condition)
        return 0 in readable


class Phone:
    def __init__(self, options, inputs):
        self.buddies = {}
        self.inputs = inputs
        self.ops = EventLoopOps(
            timeout_add=ctypes.cast(glib.g_timeout_add, ctypes.c_void_p),
            timeout_remove=ctypes.cast(glib.g_source_remove, ctypes.c_void_p),
            input_add=ADD_INPUT(inputs.add),
            input_remove=REMOVE_INPUT(inputs.remove),
            timeout_add_seconds=ctypes.cast(glib.g_timeout_add_seconds, ctypes.c_void_p),
        )
        c("purple_util_set_user_dir", options["folder"])
        c("purple_debug_set_enabled", 1)
        c("purple_debug_set_verbose", 1)
        c("purple_debug_set_unsafe", 1)
        c("purple_eventloop_set_ui_ops", Pointer(ctypes.addressof(self.ops)))
        if not c("purple_core_init", UI, result=ctypes.c_int):
            raise RuntimeError("libpurple does not start")
        c("purple_set_blist", c("purple_blist_new"))
        c("purple_prefs_set_bool", "/purple/network/auto_ip", 0)
        c("purple_prefs_set_string", "/purple/network/public_ip", options["own"]["address"])
        c("purple_prefs_set_bool", "/purple/network/ports_range_use", 1)
        c("purple_prefs_set_int", "/purple/network/ports_range_start", options["own"]["port"])
        c("purple_prefs_set_int", "/purple/network/ports_range_end", options["own"]["port"])
        self.listen()
        self.account = c("purple_account_new", options["aor"], "prpl-simple")
        c("purple_account_set_password", self.account, options["password"])
        c("purple_account_set_remember_password", self.account, 1)  # or it is gone after the first session
        c("purple_account_set_bool", self.account, "udp", 0 if options.get("transport") == "tcp" else 1)
        c("purple_account_set_bool", self.account, "useproxy", 1)
        c("purple_account_set_bool", self.account, "dopublish", 1)
        c("purple_account_set_string", self.account, "proxy", options["proxy"]["address"])
        c("purple_account_set_int", self.account, "port", options["proxy"]["port"])
        c("purple_accounts_add", self.account)
        c("purple_account_set_enabled", self.account, UI, 1)
        for uri in options["contacts"]:
            self.watch(uri)
        self.be("online", None)

    def listen(self):
        self.on_buddy = SIGNAL(self.buddy)
        self.on_signed_on = SIGNAL(lambda *_: tell(event="online"))
        self.on_message = SIGNAL(self.message)
        buddies, connections = c("purple_blist_get_handle"), c("purple_connections_get_handle")
        conversations = c("purple_conversations_get_handle")
        for instance, signal, function in (
            (buddies, "buddy-status-changed", self.on_buddy),
            (buddies, "buddy-signed-on", self.on_buddy),
            (buddies, "buddy-signed-off", self.on_buddy),
            (connections, "signed-on", self.on_signed_on),
            (conversations, "received-im-msg", self.on_message),
        ):
            c("purple_signal_connect", instance, signal, Pointer(id(self)), Pointer(ctypes.cast(function, ctypes.c_void_p).value), None)

    def buddy(self, buddy, *_):
        buddy = Pointer(buddy)
        status = c("purple_presence_get_active_status", c("purple_buddy_get_presence", buddy))
        tell(
            event="presence",
            uri=c("purple_buddy_get_name", buddy, result=ctypes.c_char_p),
            state=c("purple_status_get_id", status, result=ctypes.c_char_p),
            activity=None,
            note=c("purple_status_get_attr_string", status, "message", result=ctypes.c_char_p),
        )

    def message(self, _account, sender, text):
        tell(event="message", uri=ctypes.string_at(sender).decode(), text=ctypes.string_at(text).decode())

    def say(self, uri, text):
        connection = c("purple_account_get_connection", self.account)
        c("serv_send_im", connection, uri, text, 0, result=ctypes.c_int)

    def watch(self, uri):
        group = c("purple_group_new", "People")
        buddy = c("purple_buddy_new", self.account, uri, None)
        c("purple_blist_add_buddy", buddy, None, group, None)
        c("purple_account_add_buddy", self.account, buddy)
        self.buddies[uri] = buddy

    def unwatch(self, uri):
        buddy = self.buddies.pop(uri)
        c("purple_account_remove_buddy", self.account, buddy, c("purple_buddy_get_group", buddy))
        c("purple_blist_remove_buddy", buddy)

    def be(self, state, note):
        status = c("purple_savedstatus_new", None, STATES[state])
        if note is not None:
            c("purple_savedstatus_set_message", status, note)
        c("purple_savedstatus_activate", status)

    def wait(self):
        while glib.g_main_context_iteration(None, 0):
            pass
        return self.inputs.wait(0.02)

    def stop(self):
        c("purple_core_quit")


phone = Phone(json.loads(sys.argv[1]), Inputs())
serve(phone, phone.wait)
