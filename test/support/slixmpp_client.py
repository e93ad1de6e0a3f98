"""An XMPP client for the tests: commands as JSON lines on standard input, everything it sees as JSON lines on standard output."""

import asyncio
import base64
import json
import logging
import sys
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.xmlstream import StanzaBase
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher.base import MatcherBase


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Everything(MatcherBase):
    def match(self, stanza):
        return True


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        self.auto_authorize = None  # a test decides about subscriptions itself
        self.auto_subscribe = False
        for plugin in ("xep_0030", "xep_0199"):
            self.register_plugin(plugin)
        self["feature_mechanisms"].unencrypted_plain = True
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("disconnected", lambda reason: self.on_end("disconnected", reason))
        self.add_event_handler("failed_auth", lambda _: self.on_end("failed_auth", ""))
        self.add_event_handler("connection_failed", lambda e: self.on_end("connection_failed", e))
        self.add_event_handler("stream_error", lambda e: tell(event="stream_error", text=str(e)))
        self.add_filter("in", self.seen)
        self.done = asyncio.get_event_loop().create_future()

    def seen(self, stanza):
        if isinstance(stanza, (slixmpp.Message, slixmpp.Presence, slixmpp.Iq)):
            tell(event="stanza", xml=ET.tostring(stanza.xml, encoding="unicode"))
        return stanza

    def on_start(self, _):
        tell(event="online", jid=str(self.boundjid))

    def on_end(self, event, reason):
        tell(event=event, text=str(reason))
        if not self.done.done():
            self.done.set_result(None)


async def commands(client):
    loop = asyncio.get_event_loop()
    reader = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        line = await reader.readline()
        if not line:
            break
        command = json.loads(line)
        if "raw" in command:
            client.send_raw(command["raw"])
        elif command.get("quit"):
            await client.disconnect(wait=1.0)
            break
    if not client.done.done():
        client.done.set_result(None)


async def main():
    options = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    client = Client(options["jid"], options["password"])
    client.connect(
        address=(options["host"], options["port"]), use_ssl=False, force_starttls=False, disable_starttls=True
    )
    reading = asyncio.ensure_future(commands(client))
    await client.done
    reading.cancel()


asyncio.get_event_loop().run_until_complete(main())
