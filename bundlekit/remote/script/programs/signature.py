# Finds who has signed what was uploaded, and keeps the list of those who may. For Python 2.7 and 3.
#
#   signature.py check SIGNERS FILE archive|list SIGNATURE
#   signature.py list SIGNERS
#   signature.py add SIGNERS LINE...
#   signature.py remove SIGNERS NAME...|--all
#
# `check` prints the signer; or why there is none, and ends with status 3 then. `list` prints events of the script, and
# the others print whom they were about, for the history.
import fcntl
import hashlib
import os
import sys
import time

import ed25519
import openssl
import sshsig

REFUSED = 3
LARGEST = 1 << 20  # bytes of the file of signers
MOST_NAMED = 20  # in a line of the history


def read(place):
    try:
        with open(place, "rb") as stream:
            statuses = [os.fstat(stream.fileno()), os.stat(os.path.dirname(place))]
            text = stream.read(LARGEST + 1)
    except (IOError, OSError) as error:
        raise sshsig.Wrong("%s cannot be read: %s" % (place, error.strerror))
    if any(one.st_uid not in (0, os.geteuid()) or one.st_mode & 0o022 for one in statuses):
        raise sshsig.Wrong("%s or its folder can be written by others than root" % place)
    if len(text) > LARGEST:
        raise sshsig.Wrong("%s is too large" % place)
    return text


def signers_in(place, text):
    try:
        return sshsig.read_signers(text, True)
    except sshsig.Wrong as error:
        raise sshsig.Wrong("%s: %s" % (place, error))


def digest_of(place, name, is_archive):
    digest = hashlib.new(sshsig.plain(name))
    with open(place, "rb") as stream:
        begin = stream.read(1 << 16)
        sshsig.check_message(begin, is_archive)
        while begin:
            digest.update(begin)
            begin = stream.read(1 << 16)
    return digest.digest()


def is_valid(signature, message):
    if signature.kind == b"ssh-ed25519":
        return ed25519.is_valid(sshsig.strings(signature.key)[1], signature.raw, message)
    return openssl.is_valid(signature, message)


# Whose signature it is, of a digest that `digest` gives for the name of one.
def signer(text, place, signature, digest, now, at_least=0):
    if not signature:
        raise sshsig.Wrong("it has no signature")
    made = sshsig.Signature(sshsig.decode(signature))
    found = sshsig.signer_of(made, signers_in(place, text), now, at_least)
    if not is_valid(made, sshsig.signed(sshsig.NAMESPACE, made.hash, digest(made.hash))):
        raise sshsig.Wrong("its signature is of something else, or damaged")
    return found.principals


def check(place, file, kind, signature):
    text = read(place)
    # A gateway without a battery is in 1970 after a boot, until it hears the time: no key that is over counts again.
    at_least = os.stat(place).st_mtime
    made = signature.encode("ascii")
    found = signer(text, place, made, lambda name: digest_of(file, name, kind == "archive"), time.time(), at_least)
    sys.stdout.write(found + "\n")


def say(*fields):
    sys.stdout.write("\t".join(fields) + "\n")


# All lines but the checksum, each with its signer; with None where it has none.
def lines_of(place):
    text = read(place) if os.path.lexists(place) else b""
    known = dict((one.line, one) for one in signers_in(place, text))
    lines = text.split(b"\n")[:-1]
    return [(line, known.get(line)) for line in lines[1 if text.startswith(sshsig.HEADLINE) else 0 :]]


# At once or not at all, and on the disk before anybody hears of it. Two who do it one after the other keep both.
def change(place, decide):
    folder = os.path.dirname(place)
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o755)
        sync(os.path.dirname(folder))
    # Not the folder itself: others could open that, and hold the lock for ever.
    lock = os.open(place + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    text = b"".join(line + b"\n" for line in decide(lines_of(place)))
    text = sshsig.headline(text) + text
    if len(text) > LARGEST:
        raise sshsig.Wrong("%s would be too large" % place)
    new = place + ".new"
    with open(new, "wb") as stream:
        os.fchmod(stream.fileno(), 0o644)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(new, place)
    sync(folder)


def sync(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def tell(signers):
    named = ["%s %s" % (one.principals, sshsig.fingerprint(one.key)) for one in signers[:MOST_NAMED]]
    more = len(signers) - len(named)
    sys.stdout.write(", ".join(named) + (" and %d more" % more if more else "") + "\n")


def add(place, *given):
    new = []
    for line in given:
        line = line if isinstance(line, bytes) else line.encode("utf-8", "replace")
        try:
            new.append(sshsig.Signer(line))
        except sshsig.Wrong as error:
            raise sshsig.Wrong("%s: %s" % (sshsig.plain(line.split()[0] if line.split() else b""), error))

    # In place of the lines with the same keys.
    def decide(lines):
        keys = [one.key for one in new]
        kept = [line for line, one in lines if one is None or one.key not in keys]
        return kept + [one.line.strip() for one in new]

    change(place, decide)
    tell(new)


def remove(place, *names):
    gone = []
    if names == ("--all",):
        try:
            gone = [one for _, one in lines_of(place) if one is not None]
        except sshsig.Wrong as error:
            sys.stdout.write("all, %s\n" % error)
        else:
            tell(gone)
        if os.path.lexists(place):
            os.unlink(place)  # a damaged one, too
            sync(os.path.dirname(place))
        return

    def decide(lines):
        known = set(one.principals for _, one in lines if one is not None)
        for name in names:
            if name not in known:
                raise sshsig.Wrong("%s is not one of the signers" % name)
        if not known.difference(names):
            raise sshsig.Wrong("no signer would be left")
        gone.extend(one for _, one in lines if one is not None and one.principals in names)
        return [line for line, one in lines if one is None or one.principals not in names]

    change(place, decide)
    tell(gone)


def list_signers(place):
    for one in [one for _, one in lines_of(place) if one is not None]:
        options = ",".join("%s=%s" % (sshsig.plain(name), sshsig.plain(one.options[name])) for name in sorted(one.options))
        say("signer", one.principals, sshsig.plain(sshsig.kind_of(one.key)), sshsig.fingerprint(one.key), options)


def main(verb, *arguments):
    try:
        {"check": check, "list": list_signers, "add": add, "remove": remove}[verb](*arguments)
    except sshsig.Wrong as error:
        sys.stdout.write("%s\n" % error)
        return REFUSED
    except (IOError, OSError) as error:
        sys.stdout.write("%s: %s\n" % (error.filename or "a file", error.strerror))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
