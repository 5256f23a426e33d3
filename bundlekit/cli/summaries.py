"""The verbs, each with its line in `bundlekit --help`: so no verb is loaded to be listed or completed."""

from __future__ import annotations

# In the order in which a bundle lives; `--help` keeps it.
SUMMARIES = {
    "new": "Make a new bundle.",
    "validate": "Check bundles against the vendor's rules and what bites in the field.",
    "rules": "List the rules that validate asks.",
    "run": "Run bundles on this machine, with an emulated gateway around them.",
    "pack": "Pack a bundle into one file, the same bytes each time.",
    "gateway": "Run an emulated gateway that bundles are deployed to.",
    "login": "Keep a gateway's password in the keyring, once it was tried.",
    "doctor": "Tell what stands between you and a deploy to a gateway.",
    "deploy": "Install a bundle on a gateway and see that it comes up.",
    "rollout": "Go on with deploys to many gateways, and tell of them.",
    "adopt": "Take over a copy of a bundle that runs by hand.",
    "status": "Tell what runs on a gateway.",
    "logs": "Show what a bundle on a gateway printed.",
    "history": "Tell who changed what on a gateway, and how it ended.",
    "start": "Start a bundle on a gateway.",
    "stop": "Stop a bundle on a gateway.",
    "restart": "Stop and start a bundle on a gateway.",
    "releases": "List the releases of a bundle on a gateway.",
    "fetch": "Bring a bundle from a gateway into a folder.",
    "rollback": "Make an earlier release the current one.",
    "remove": "Take a bundle off a gateway.",
    "api": "Ask a gateway's REST API: an emulated one, or a real one over SSH or HTTPS.",
    "verify": "Check live that a bundle keeps what its bundle.json promises.",
    "export": "Describe a bundle's API for other tools: OpenAPI, or a Postman collection.",
    "schema": "The JSON Schema of bundle.json, for editors and other tools.",
    "completion": "Print the completion script of a shell.",
}
