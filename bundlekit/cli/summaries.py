"""The verbs, each with its line in `bundlekit --help`: so no verb is loaded to be listed or completed."""

from __future__ import annotations

# In the order in which a bundle lives; `--help` keeps it.
SUMMARIES = {
    "new": "Make a new bundle.",
    "update": "Bring to bundles what the template of new bundles has now.",
    "validate": "Check bundles against the vendor's rules and known problems in the field.",
    "rules": "List the rules of validate.",
    "vendor": "Take along what requirements.txt names, in vendor/ of a bundle.",
    "run": "Run bundles on this machine, with an emulated gateway around them.",
    "pack": "Pack a bundle into one file, the same bytes each time.",
    "sign": "Sign an archive with your SSH key.",
    "verify-archive": "Check who has signed an archive.",
    "gateway": "Run an emulated gateway to which you can deploy bundles.",
    "login": "Try a gateway's password and store it in the keyring.",
    "doctor": "Check everything that a deploy to a gateway needs.",
    "deploy": "Install a bundle on a gateway and check that it starts.",
    "rollout": "Continue deploys to many gateways, and report on them.",
    "adopt": "Take over a copy of a bundle that was started by hand.",
    "status": "Show what runs on a gateway.",
    "logs": "Show what a bundle on a gateway printed.",
    "history": "Show who changed what on a gateway, and how it ended.",
    "start": "Start a bundle on a gateway.",
    "stop": "Stop a bundle on a gateway.",
    "restart": "Stop and start a bundle on a gateway.",
    "releases": "List the releases of a bundle on a gateway.",
    "signers": "List or change who may sign the bundles of a gateway.",
    "fetch": "Bring a bundle from a gateway into a folder.",
    "sbom": "Print the SBOM of what runs on a gateway.",
    "rollback": "Make an earlier release the current one.",
    "remove": "Remove a bundle from a gateway.",
    "api": "Send a request to the REST API of an emulated gateway, or of a real gateway over SSH or HTTPS.",
    "verify": "Check on a running gateway that a bundle does what its bundle.json promises.",
    "export": "Describe a bundle's API for other tools: as OpenAPI or as a Postman collection.",
    "schema": "Print the JSON Schema of bundle.json, for editors and other tools.",
    "completion": "Print the completion script of a shell.",
}
