# Ed25519 (RFC 8032), for a Python without any library. For Python 2.7 and 3.
import binascii
import hashlib

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def _little(data):
    return int(binascii.hexlify(data[::-1]), 16)


# A point from its 32 bytes, in extended coordinates. ValueError if they are none, or in another form than the one.
def _point(data):
    y = _little(data)
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or y >= _P or (not x and sign):
        raise ValueError("no point")
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p):
    a, b, c = p[0] * p[0] % _P, p[1] * p[1] % _P, 2 * p[2] * p[2] % _P
    h = a + b
    e, g = h - (p[0] + p[1]) ** 2 % _P, a - b
    f = c + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


_BASE = _point(binascii.unhexlify(b"58" + b"66" * 31))


# Whether a signature of 64 bytes is one of a message, by the key of these 32 bytes.
def is_valid(key, signature, message):
    try:
        x, y, z, t = _point(key)
    except ValueError:
        return False
    scalar = _little(signature[32:])
    if scalar >= _ORDER:
        return False
    challenge = _little(hashlib.sha512(signature[:32] + key + message).digest()) % _ORDER
    negative = (_P - x, y, z, _P - t)
    both = _add(_BASE, negative)
    found = (0, 1, 1, 0)
    for bit in range(252, -1, -1):  # the base times the scalar, minus the key times the challenge
        found = _double(found)
        of_base, of_key = scalar >> bit & 1, challenge >> bit & 1
        if of_base or of_key:
            found = _add(found, both if of_base and of_key else _BASE if of_base else negative)
    inverse = pow(found[2], _P - 2, _P)
    x, y = found[0] * inverse % _P, found[1] * inverse % _P
    return y | (x & 1) << 255 == _little(signature[:32])
