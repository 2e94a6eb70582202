"""The actions of `manage.py audit`, one module each: HELP, `add_arguments(parser)` and `run(out, **options)`."""

from audit.commands import (
    check,
    checkpoint,
    consistency,
    constraints,
    erase,
    export,
    prove,
    resume,
    roles,
    rotate_key,
    sequence,
    verify,
)

# What a service manager runs: what happens there, nobody has typed.
SERVICES = frozenset({"sequence"})
ACTIONS = {
    "check": check,
    "prove": prove,
    "checkpoint": checkpoint,
    "consistency": consistency,
    "constraints": constraints,
    "erase": erase,
    "export": export,
    "verify": verify,
    "sequence": sequence,
    "rotate-key": rotate_key,
    "resume": resume,
    "roles": roles,
}
