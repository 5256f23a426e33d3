"""Changes on gateways with something going wrong at a chosen point, again and again; then all has to make sense.

A `Case` says what is done, what goes wrong and when. A `Scenario` is a bundle on a booted gateway: what a
case leaves is what the next case begins with. A `Matrix` is scenarios that share a gateway.
"""
