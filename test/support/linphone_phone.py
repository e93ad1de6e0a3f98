"""A phone made of liblinphone for the tests (library_phone.py). Unlike linphonec it can be told to be away or busy, and to watch
somebody at run time."""

import ctypes
import json
import os
import select
import sys

from library_phone import Pointer, functions_of, serve, tell

CONSOLIDATED = ("online", "busy", "do-not-disturb", "offline")  # LinphoneConsolidatedPresence
REGISTERED = 2  # LinphoneRegistrationOk
POLICIES = {"deny": 1, "accept": 2}  # LinphoneSubscribePolicy
LOG_EVERYTHING = 1 | 2 | 4 | 8 | 16 | 32  # BctbxLogLevel
MOST_ACTIVITIES = 40

library = ctypes.CDLL("liblinphone.so.10")
c = functions_of(library)


class Phone:
    def __init__(self, folder, asks):
        self.friends = {}
        self.asking = {}
        self.asks = asks
        factory = c("linphone_factory_get")
        c("linphone_factory_set_data_dir", factory, folder)
        c("linphone_factory_set_config_dir", factory, folder)
        c("linphone_factory_set_download_dir", factory, folder)
        c("linphone_core_set_log_level_mask", LOG_EVERYTHING)
        self.core = c("linphone_factory_create_core_3", factory, os.path.join(folder, "linphonerc"), None, None)
        self.listen(factory)
        c("linphone_core_start", self.core)
        self.roster = c("linphone_core_get_default_friend_list", self.core)
        c("linphone_friend_list_enable_subscriptions", self.roster, 1)

    def listen(self, factory):
        callbacks = c("linphone_factory_create_core_cbs", factory)
        self.on_presence = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(self.presence)
        self.on_registration = ctypes.CFUNCTYPE(
            None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        )(self.registration)
        self.on_watcher = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(self.watcher)
        self.on_message = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(self.message)
        for what, function in (
            ("message_received", self.on_message),
            ("notify_presence_received", self.on_presence),
            ("registration_state_changed", self.on_registration),
            ("new_subscription_requested", self.on_watcher),
        ):
            set_callback = getattr(library, f"linphone_core_cbs_set_{what}")
            set_callback.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
            set_callback(callbacks, ctypes.cast(function, ctypes.c_void_p))
        c("linphone_core_add_callbacks", self.core, callbacks)

    def presence(self, _, friend):
        friend = Pointer(friend)
        state = c("linphone_friend_get_consolidated_presence", friend, result=ctypes.c_int)
        model = c("linphone_friend_get_presence_model", friend)
        activity = c("linphone_presence_model_get_activity", model) if model else Pointer(0)
        note = c("linphone_presence_model_get_note", model, None) if model else Pointer(0)
        tell(
            event="presence",
            uri=self.address(friend),
            state=CONSOLIDATED[state],
            activity=c("linphone_presence_activity_to_string", activity, result=ctypes.c_char_p) if activity else None,
            note=c("linphone_presence_note_get_content", note, result=ctypes.c_char_p) if note else None,
        )

    def address(self, friend):
        return c("linphone_address_as_string_uri_only", c("linphone_friend_get_address", friend), result=ctypes.c_char_p)

    def registration(self, _, account, state, message):
        if state == REGISTERED:
            tell(event="online")

    def watcher(self, _, friend, __):
        friend = Pointer(friend)
        uri = self.address(friend)
        self.asking[uri] = friend
        if self.asks:
            tell(event=f"asked by {uri}")
        else:
            self.decide(uri, "accept")

    def message(self, _, __, message):
        message = Pointer(message)
        sender = c("linphone_chat_message_get_from_address", message)
        tell(
            event="message",
            uri=c("linphone_address_as_string_uri_only", sender, result=ctypes.c_char_p),
            text=c("linphone_chat_message_get_utf8_text", message, result=ctypes.c_char_p),
        )

    def say(self, uri, text):
        room = c("linphone_core_get_chat_room", self.core, c("linphone_core_interpret_url", self.core, uri))
        c("linphone_chat_message_send", c("linphone_chat_room_create_message_from_utf8", room, text))

    def decide(self, uri, policy):
        friend = self.asking[uri]
        c("linphone_friend_edit", friend)
        c("linphone_friend_enable_subscribes", friend, 0)
        c("linphone_friend_set_inc_subscribe_policy", friend, POLICIES[policy])
        c("linphone_friend_done", friend)
        c("linphone_friend_list_add_local_friend", self.roster, friend)

    def watch(self, uri):
        friend = c("linphone_core_create_friend_with_address", self.core, uri)
        c("linphone_friend_edit", friend)
        c("linphone_friend_enable_subscribes", friend, 1)
        c("linphone_friend_set_inc_subscribe_policy", friend, POLICIES["accept"])
        c("linphone_friend_done", friend)
        c("linphone_friend_list_add_local_friend", self.roster, friend)
        self.friends[uri] = friend

    def unwatch(self, uri):
        friend = self.friends.pop(uri)
        c("linphone_friend_edit", friend)
        c("linphone_friend_enable_subscribes", friend, 0)
        c("linphone_friend_done", friend)

    def be(self, state, note):
        """Online, offline or an RPID activity, with a note if there is one."""
        if state in ("online", "offline"):
            model = c("linphone_core_create_presence_model", self.core)
            c("linphone_presence_model_set_basic_status", model, 0 if state == "online" else 1)
        else:
            model = c("linphone_core_create_presence_model_with_activity", self.core, self.activity(state), None)
        if note is not None:
            c("linphone_presence_model_add_note", model, note, "en")
        c("linphone_core_set_presence_model", self.core, model)

    def activity(self, name):
        for number in range(MOST_ACTIVITIES):
            activity = c("linphone_core_create_presence_activity", self.core, number, None)
            if c("linphone_presence_activity_to_string", activity, result=ctypes.c_char_p) == name:
                return number
        raise ValueError(name)

    def wait(self):
        c("linphone_core_iterate", self.core)
        return bool(select.select([0], [], [], 0.02)[0])

    def stop(self):
        c("linphone_core_stop", self.core)


options = json.loads(sys.argv[1])
phone = Phone(options["folder"], options["asks"])
serve(phone, phone.wait)
