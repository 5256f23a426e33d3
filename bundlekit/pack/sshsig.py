"""SSH signatures (SSHSIG) and files of allowed signers, as OpenSSH has them.

For Python 2.7 and 3: the workstation imports this file, and a gateway gets it among its programs. So both take the same
signatures and the same files. It is strict: a signature, a key or a number has one form, the one that OpenSSH writes. So
no changed bit means the same as before.
"""

import base64
import binascii
import calendar
import hashlib
import re
import struct
import time

NAMESPACE = b"bundlekit"
KINDS = (b"ssh-ed25519", b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp521")

_MAGIC = b"SSHSIG"
_VERSION = struct.pack(">I", 1)
_LEAST_BITS = 2048  # of an RSA key; older gateways may have keys of 1024, which nobody should sign with
_HASHES = (b"sha512", b"sha256")  # of what is signed
_RSA = (b"rsa-sha2-512", b"rsa-sha2-256")  # kinds of signatures; `ssh-rsa` itself would be SHA-1
HEADLINE = b"# sha256:"

_SIGNER = re.compile(
    b'[ \t]*([^\\s"#][^\\s"]*)[ \t]+(?:((?:[^\\s"]|"[^"]*")+)[ \t]+)?(%s)[ \t]+([A-Za-z0-9+/=]+)(?:[ \t].*)?$' % b"|".join(KINDS)
)
_PRINCIPALS = re.compile(b"(?!-)[A-Za-z0-9@._+*?!,/:=~%-]+$")  # `--all` is no name, see `signers remove`
_OPTION = re.compile(b'(namespaces|valid-after|valid-before)="([^"]*)"(?:,(?=.)|$)')


class Wrong(Exception):
    """What is wrong with a signature or a file of signers, in the user's words."""


class Signature(object):
    """A signature.

    Attributes:
        key: the public key that made it, as it travels.
        hash: the name of the digest of what is signed.
        kind: how the key has signed, and
        raw: what it gave.
    """

    def __init__(self, blob):
        # type: (bytes) -> None
        if not blob.startswith(_MAGIC + _VERSION):
            raise Wrong("it is not an SSH signature")
        fields = strings(blob[len(_MAGIC + _VERSION) :])
        if len(fields) != 5 or fields[2]:
            raise Wrong("it is not an SSH signature as OpenSSH writes it")
        self.key, namespace, _, self.hash, signature = fields
        if namespace != NAMESPACE:
            raise Wrong("it was made for the namespace %s, not for %s" % (plain(namespace), plain(NAMESPACE)))
        if self.hash not in _HASHES:
            raise Wrong("it was made by the digest %s, not by sha512" % plain(self.hash))
        kind = kind_of(self.key)
        parts = strings(signature)
        if len(parts) != 2 or parts[0] not in (_RSA if kind == b"ssh-rsa" else (kind,)):
            raise Wrong("it is not a signature by a key of the kind %s" % plain(kind))
        self.kind, self.raw = parts
        if kind == b"ssh-ed25519":
            is_whole = len(self.raw) == 64
        elif kind == b"ssh-rsa":
            is_whole = len(self.raw) == len(strings(self.key)[2].lstrip(b"\0"))
        else:
            numbers = strings(self.raw)
            is_whole = len(numbers) == 2 and all(map(number, numbers))
        if not is_whole:
            raise Wrong("it is damaged")

    def message(self, data):
        # type: (bytes) -> bytes
        """What the key has signed, if it was made for `data`."""
        digest = hashlib.new(plain(self.hash), data).digest()
        return signed(NAMESPACE, self.hash, digest)


def signed(namespace, name, digest):
    # type: (bytes, bytes, bytes) -> bytes
    """What a key signs: the digest of the data, and what it is for.

    Args:
        namespace: what the signature is for.
        name: of the digest, such as `sha512`.
        digest: of the data.
    """
    return _MAGIC + string(namespace) + string(b"") + string(name) + string(digest)


def blob_of(key, signature):
    # type: (bytes, bytes) -> bytes
    """A signature, by the public key and what that key gave for `signed`."""
    fields = (key, NAMESPACE, b"", _HASHES[0], signature)
    return _MAGIC + _VERSION + b"".join(map(string, fields))


def string(data):
    # type: (bytes) -> bytes
    return struct.pack(">I", len(data)) + data


def strings(data):
    # type: (bytes) -> list[bytes]
    """All of some bytes as strings one after the other.

    Raises:
        Wrong: they break off.
    """
    found, place = [], 0
    while place < len(data):
        start = place + 4
        size = struct.unpack(">I", data[place:start])[0] if start <= len(data) else len(data)
        place = start + size
        if place > len(data):
            raise Wrong("it breaks off")
        found.append(data[start:place])
    return found


def decode(text):
    # type: (bytes) -> bytes
    """Base64 in the one form that stands for these bytes.

    Raises:
        Wrong: it is in another form.
    """
    try:
        data = base64.b64decode(text)
    except (TypeError, ValueError, binascii.Error):
        data = b""
    if not data or base64.b64encode(data) != text:
        raise Wrong("it is not base64 as OpenSSH writes it")
    return data


def armor(name, text, width):
    # type: (bytes, bytes, int) -> bytes
    """Base64 as it stands in a file, in lines of so many characters.

    Args:
        name: of what it is, such as `SSH SIGNATURE`.
        text: in base64.
        width: characters of a line.
    """
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return b"\n".join([b"-----BEGIN %s-----" % name] + lines + [b"-----END %s-----\n" % name])


def plain(data):
    # type: (bytes) -> str
    """Bytes as a short text that is fit for a terminal."""
    return str(re.sub(b"[^!-~]", b"?", data[:80]).decode("ascii"))


def fingerprint(key):
    # type: (bytes) -> str
    """As `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode("ascii").rstrip("=")


def number(data):
    # type: (bytes) -> int
    """A positive number as SSH writes it, without a byte too much.

    Raises:
        Wrong: it is negative, empty or too long.
    """
    if not data or bytearray(data)[0] & 0x80 or (data[:1] == b"\0" and not (data[1:] and bytearray(data)[1] & 0x80)):
        raise Wrong("it has a number that is not as OpenSSH writes it")
    return int(binascii.hexlify(data), 16)


def kind_of(key):
    # type: (bytes) -> bytes
    """The kind of a public key that is one as OpenSSH writes it.

    Raises:
        Wrong: it is not, or its kind is not supported.
    """
    fields = strings(key)
    kind = fields[0] if fields else b""
    if kind not in KINDS:
        raise Wrong("a key of the kind %s cannot be checked by a gateway; use Ed25519, ECDSA or RSA" % plain(kind))
    if kind == b"ssh-ed25519":
        is_one = len(fields) == 2 and len(fields[1]) == 32
    elif kind == b"ssh-rsa":
        is_one = len(fields) == 3 and number(fields[1]) > 2 and number(fields[2]).bit_length() >= _LEAST_BITS
    else:
        curve = kind[-8:]
        size = 2 * ((int(curve[-3:]) + 7) // 8) + 1
        is_one = len(fields) == 3 and fields[1] == curve and len(fields[2]) == size and fields[2][:1] == b"\4"
    if not is_one:
        raise Wrong("its key of the kind %s is damaged, or too short" % plain(kind))
    return kind


def headline(lines):
    # type: (bytes) -> bytes
    """The first line of a file of signers, by which a changed bit anywhere in it is seen."""
    return HEADLINE + binascii.hexlify(hashlib.sha256(lines).digest()) + b"\n"


class Signer(object):
    """A line of a file of signers.

    Attributes:
        principals: who it is, as the line says it.
        key: the public key as it travels.
        options: the values of its options, by their names.
        line: all of it.
    """

    def __init__(self, line):
        # type: (bytes) -> None
        found = _SIGNER.match(line)
        if re.search(b"[^\t -~]", line) or not found:
            raise Wrong("it is not `NAME [OPTIONS] KIND KEY` with a key that is Ed25519, ECDSA or RSA")
        principals, options, kind, key = found.groups()
        if not _PRINCIPALS.match(principals):
            raise Wrong("the name %s begins with - or has other characters than letters, digits and @._+*?!,/:=~%%-" % plain(principals))
        self.principals, self.key, self.line = plain(principals), decode(key), line
        if kind_of(self.key) != kind:
            raise Wrong("its key is not of the kind %s" % plain(kind))
        self.options = {}  # type: dict[bytes, bytes]
        while options:
            option = _OPTION.match(options)
            if option is None or option.group(1) in self.options:
                raise Wrong("its options are not some of namespaces, valid-after and valid-before: %s" % plain(options))
            self.options[option.group(1)] = option.group(2)
            options = options[option.end() :]
        for name in (b"valid-after", b"valid-before"):
            if name in self.options:
                moment(self.options[name])

    def fault(self, now, at_least=0):
        # type: (float, float) -> str
        """Why its key does not count at a time; empty if it does.

        Args:
            now: by the clock, in seconds since 1970.
            at_least: a time that is over for sure, whatever the clock says.
        """
        after, before = (self.options.get(b"valid-after"), self.options.get(b"valid-before"))
        clock = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
        if not _matches(self.options.get(b"namespaces", NAMESPACE)):
            return "%s signs for the namespaces %s alone" % (self.principals, plain(self.options[b"namespaces"]))
        if after is not None and now < moment(after):
            return "the key of %s counts after %s, and it is %s" % (self.principals, plain(after), clock)
        if before is not None and max(now, at_least) > moment(before):
            clock = time.strftime("%Y-%m-%d %H:%M", time.localtime(max(now, at_least)))
            return "the key of %s counted before %s, and it is %s" % (self.principals, plain(before), clock)
        return ""


def moment(text):
    # type: (bytes) -> float
    """A time as OpenSSH writes it in options, in seconds since 1970.

    Raises:
        Wrong: it is no time.
    """
    found = re.match(b"(\\d{8})((?:\\d{4}){0,1}|\\d{6})(Z?)$", text)
    try:
        if found is None:
            raise ValueError
        fields = time.strptime(plain(found.group(1) + found.group(2).ljust(6, b"0")), "%Y%m%d%H%M%S")
        if found.group(3):
            return calendar.timegm(fields)
        try:
            return time.mktime(fields)
        except OverflowError:  # after 2038, where a gateway counts seconds in 32 bits
            return calendar.timegm(fields) + time.timezone
    except ValueError:
        raise Wrong("%s is not a time such as 20270131 or 20270131235959Z" % plain(text))


def _matches(patterns):
    # type: (bytes) -> bool
    """Whether the namespace is one of a list of patterns; one with `!` in front excludes."""
    is_in = False
    for pattern in patterns.split(b","):
        expression = re.escape(pattern.lstrip(b"!")).replace(b"\\*", b".*").replace(b"\\?", b".")
        if re.match(expression + b"$", NAMESPACE):
            if pattern.startswith(b"!"):
                return False
            is_in = True
    return is_in


def is_comment(line):
    # type: (bytes) -> bool
    """Whether a line of a file of signers has no signer, so it does not count."""
    return line.strip(b" \t")[:1] in (b"", b"#")


def read_signers(text, is_gateways):
    # type: (bytes, bool) -> list[Signer]
    """The lines of a file of signers.

    Args:
        text: of the file.
        is_gateways: it is that of a gateway: a comment on its first line has to be the checksum of the rest.

    Raises:
        Wrong: it is no such file.
    """
    first, _, rest = text.partition(b"\n")
    if (is_gateways and first.startswith(b"#")) or first.startswith(HEADLINE):
        if headline(rest) != first + b"\n":
            raise Wrong("line 1 is not the checksum of the other lines, so the file is damaged or was changed by hand")
    found = []
    lines = text.split(b"\n")
    if lines.pop():
        raise Wrong("its last line has no end")
    for place, line in enumerate(lines, 1):
        if not is_comment(line):
            try:
                found.append(Signer(line))
            except Wrong as error:
                raise Wrong("line %d: %s" % (place, error))
    return found


def signer_of(signature, signers, now, at_least=0):
    # type: (Signature, list[Signer], float, float) -> Signer
    """Who has made a signature, by the first line that counts.

    Args:
        signature: whose key is looked for.
        signers: one for each line of the file.
        now: seconds since 1970.
        at_least: see `Signer.fault`.

    Raises:
        Wrong: nobody whose key counts.
    """
    faults = []
    for signer in signers:
        if signer.key == signature.key:
            faults.append(signer.fault(now, at_least))
            if not faults[-1]:
                return signer
    raise Wrong(faults[0] if faults else "it was made by the key %s, which is not one of the signers" % fingerprint(signature.key))


def check_message(data, is_archive):
    # type: (bytes, bool) -> None
    """A signature of an archive never counts for a list of contents, nor the reverse.

    Raises:
        Wrong: the data is the other one.
    """
    if (data[:2] == b"\x1f\x8b") != is_archive:
        raise Wrong("what it was made for is no archive" if is_archive else "what it was made for is no list")
