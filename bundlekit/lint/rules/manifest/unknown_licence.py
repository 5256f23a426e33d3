"""The licence is not an identifier or expression of SPDX.

Why: There are many GPLs and BSDs: the vendor's sample says `GPL`, and a lawyer asks which. Programs that list the
licences of a product read the identifiers of SPDX, such as `MIT`, and expressions of them, such as `MIT OR Apache-2.0`.
Nothing on the gateway depends on it. For your own licence, write `LicenseRef-` and a name.

Evidence: The vendor's guide names "MIT, GPL, BSD, etc.", and its sample says GPL, which the list of SPDX does not have.
Nothing on a gateway was seen to read it.

Fix (safe): writes the identifier, if the text can mean no other licence: `MIT License`, `Apache 2`, `proprietary`.

Bad:

    bundle.json
        "license": "GPL"

Good:

    bundle.json
        "license": "GPL-2.0-or-later"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import rewritten
from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import listed
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, safe_fix
from bundlekit.quoting import quoted

_COMMON = frozenset({"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "GPL-2.0-only", "GPL-3.0-only", "ISC"})
_MEANT = {
    "agpl": ("AGPL-3.0-only", "AGPL-3.0-or-later"),
    "apache": ("Apache-2.0",),
    "bsd": ("BSD-2-Clause", "BSD-3-Clause"),
    "gpl": ("GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later"),
    "lgpl": ("LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"),
    "mit": ("MIT",),
    "mpl": ("MPL-2.0",),
    "commercial": ("LicenseRef-Commercial",),
    "proprietary": ("LicenseRef-Proprietary",),
    "unlicensed": ("LicenseRef-Proprietary",),
}
# what has one meaning; nothing on a gateway reads the licence
_SAME = {
    "apache 2": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "bsd 2 clause license": "BSD-2-Clause",
    "bsd 3 clause license": "BSD-3-Clause",
    "commercial": "LicenseRef-Commercial",
    "gplv2 only": "GPL-2.0-only",
    "gplv2+": "GPL-2.0-or-later",
    "gplv3+": "GPL-3.0-or-later",
    "mit license": "MIT",
    "proprietary": "LicenseRef-Proprietary",
    "the mit license": "MIT",
    "unlicensed": "LicenseRef-Proprietary",
}
_LONGEST = 100  # characters; no expression of SPDX that anybody writes has as many


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    licence = field_of(inspection, "license")
    if isinstance(licence, str) and licence.strip() and not _is_known(licence):
        message = f"licence {quoted(licence)} is not a licence of SPDX, expected an identifier such as MIT"
        meant = _SAME.get(re.sub(r"[\s,_-]+", " ", licence[:_LONGEST].lower()).strip())
        edits = rewritten(inspection.manifest, "/license", licence, meant) if meant else ()
        diagnostic = in_manifest(inspection, "/license", message, _hint(licence))
        yield replace(diagnostic, correction=safe_fix(f'Write "{meant}"', edits))


def _is_known(licence: str) -> bool:
    if licence in _COMMON:
        return True
    if len(licence) > _LONGEST:
        return False
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return False
    return True


def _hint(licence: str) -> str:
    lower = licence[:_LONGEST].lower().removeprefix("the ").lstrip()
    family = next((one for one in _MEANT if lower.startswith(one)), None)
    if family is None:
        return "https://spdx.org/licenses lists them; LicenseRef- and a name is for one of your own"
    return f"write {listed(_MEANT[family])}, whichever it is"


RULE = Rule(code="BK126", name="unknown-licence", severity=Severity.INFO, page=__doc__, check=check)
