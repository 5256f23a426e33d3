# Checks signatures by RSA and ECDSA keys with the gateway's openssl. Not those by Ed25519 keys, which older versions of it
# do not know. For Python 2.7 and 3.
import base64
import binascii
import errno
import os
import shutil
import struct
import subprocess
import tempfile

import sshsig

_OIDS = {b"256": "06082a8648ce3d030107", b"384": "06052b81040022", b"521": "06052b81040023"}


def _der(tag, *parts):
    body = b"".join(parts)
    size = struct.pack(">H", len(body)).lstrip(b"\0") or b"\0"
    if len(body) > 127:
        size = struct.pack("B", 0x80 | len(size)) + size
    return struct.pack("B", tag) + size + body


# The digest, the public key as PEM, and the signature, as `openssl dgst -verify` takes them.
def _translated(signature):
    fields = sshsig.strings(signature.key)
    bits = signature.kind[-3:]
    if fields[0] == b"ssh-rsa":
        algorithm = "06092a864886f70d0101010500"
        key, raw = _der(0x30, _der(2, fields[2]), _der(2, fields[1])), signature.raw
    else:
        algorithm = "06072a8648ce3d0201" + _OIDS[bits]
        key, raw = fields[2], _der(0x30, *[_der(2, one) for one in sshsig.strings(signature.raw)])
        bits = bits.replace(b"521", b"512")
    info = base64.b64encode(_der(0x30, _der(0x30, binascii.unhexlify(algorithm)), _der(3, b"\0", key)))
    return "sha" + sshsig.plain(bits), sshsig.armor(b"PUBLIC KEY", info, 64), raw


# Whether a signature is one of a message. Wrong if there is no openssl.
def is_valid(signature, message):
    digest, key, raw = _translated(signature)
    folder = tempfile.mkdtemp()
    try:
        for name, content in (("key", key), ("raw", raw), ("message", message)):
            with open(os.path.join(folder, name), "wb") as stream:
                stream.write(content)
        command = ["openssl", "dgst", "-" + digest, "-verify", "key", "-signature", "raw", "message"]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return process.communicate()[0].strip() == b"Verified OK" and process.returncode == 0
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        raise sshsig.Wrong("the gateway has no openssl, and without it only signatures by Ed25519 keys can be checked")
    finally:
        shutil.rmtree(folder)
