"""A phone of one socket for the tests behind a real NAT: it registers with digest, subscribes, answers what comes with 200,
and tells everything as JSON lines on standard output. Arguments: a JSON object."""

import hashlib
import json
import re
import socket
import sys

options = json.loads(sys.argv[1])
user, domain, password = options["user"], options["domain"], options["password"]
host, port = options["own"]
transport = options["transport"]
stream = transport == "tcp"
sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
if stream:
    sock.connect(tuple(options["gateway"]))
    host, port = sock.getsockname()
else:
    sock.bind((host, port))
contact = f"<sip:{user}@{host}:{port}" + (";transport=tcp>" if stream else ">")
buffered = b""
cseq = 0


def tell(**event):
    print(json.dumps(event), flush=True)


def send(text):
    if stream:
        sock.sendall(text.encode())
    else:
        sock.sendto(text.encode(), tuple(options["gateway"]))


def receive():
    """One whole message; its body is not cut off, since none of it is longer than its Content-Length says."""
    global buffered
    while stream:
        head, end, rest = buffered.partition(b"\r\n\r\n")
        if end:
            length = int(re.search(rb"(?im)^content-length:\s*(\d+)", head).group(1))
            if len(rest) >= length:
                buffered = rest[length:]
                return (head + end + rest[:length]).decode()
        octets = sock.recv(65536)
        if not octets:
            sys.exit(0)
        buffered = (buffered + octets).lstrip(b"\r\n")
    return sock.recvfrom(65536)[0].decode()


def header(text, name):
    found = re.search(rf"(?im)^{name}:\s*(.*?)\r?$", text)
    return found.group(1) if found else ""


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def authorization(challenge, method, uri):
    line = next(one for one in re.findall(r"(?im)^WWW-Authenticate: (.*?)\r?$", challenge) if "MD5" in one)
    realm, nonce = (re.search(rf'{key}="([^"]*)"', line).group(1) for key in ("realm", "nonce"))
    ha1, ha2 = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{uri}")
    response = md5(f"{ha1}:{nonce}:00000001:c:auth:{ha2}")
    return (
        f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"\r\n'
    )


def request(method, uri, to, extra, credentials=""):
    global cseq
    cseq += 1
    send(
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport.upper()} {host}:{port};branch=z9hG4bK{method}{cseq};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:{user}@{domain}>;tag={method}\r\nTo: <{to}>\r\n"
        f"Call-ID: {method}-{user}\r\nCSeq: {cseq} {method}\r\nContact: {contact}\r\n{extra}{credentials}"
        "Content-Length: 0\r\n\r\n"
    )


def answer(text):
    copied = "".join(
        line + "\r\n" for line in text.split("\r\n\r\n")[0].split("\r\n") if re.match(r"(?i)(via|from|to|call-id|cseq):", line)
    )
    if ";tag=" not in header(text, "To"):
        copied = re.sub(r"(?im)^(To:.*?)\r$", r"\1;tag=phone\r", copied)
    send(f"SIP/2.0 200 OK\r\n{copied}Content-Length: 0\r\n\r\n")


asked = {
    "REGISTER": (f"sip:{domain}", f"sip:{user}@{domain}", "Expires: 600\r\n"),
    "SUBSCRIBE": (options["watch"], options["watch"], "Event: presence\r\nAccept: application/pidf+xml\r\nExpires: 600\r\n"),
}
request("REGISTER", *asked["REGISTER"])
while True:
    text = receive()
    first = text.split("\r\n", 1)[0]
    if first.startswith("SIP/2.0"):
        status, method = int(first.split()[1]), header(text, "CSeq").split()[1]
        if status == 401:
            uri, to, extra = asked[method]
            request(method, uri, to, extra, authorization(text, method, uri))
        elif status >= 200:
            tell(event="answer", method=method, status=status, contact=header(text, "Contact"))
            if method == "REGISTER" and status == 200:
                request("SUBSCRIBE", *asked["SUBSCRIBE"])
    else:
        answer(text)
        tell(event=first.split()[0], uri=first.split()[1], body=text.partition("\r\n\r\n")[2])
