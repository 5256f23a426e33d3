"""Power cuts, block by block: every disk that one may leave of a change, and what a gateway makes of it.

A `Setting` is a kind of gateway and of disk. On one, all `CHANGES` are made one after the other, while a `Recorder`
notes what reaches the disk: that is a `Recording`. All up to a flush is on a disk after a cut, and of what was written
after it any part. An `Explorer` builds such disks, looks at all of them (`examine`, `checks`), and boots a gateway with
a choice of them, or with all (`boots`). What the gateway comes to has to be one release with its settings, all of one
generation; what the client was told has to be so; history and status tell what is the case; the next deploy succeeds.
A recovery is a change too: it is recorded as it goes on, and cut off again.

That it finds what it is to find is seen by another bundlekit, from which mends were taken out (`mends`). A test takes
out all of them, `make crash WITHOUT=history-with-nuls` one. Other faults are looked for by hand:

    git worktree add ../faulty && $EDITOR ../faulty/bundlekit/remote/script/60-settings.sh
    make crash PRODUCT=../faulty
"""
