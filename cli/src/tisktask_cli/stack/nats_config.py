"""The embedded nats-server's configuration, as a pure function of its users and places."""

import json
from dataclasses import dataclass
from pathlib import Path

from tisktask_common.bus.permissions import User

_TEMPLATE = """\
# Written by `tisktask up` at each start: changes are lost.
server_name: "tisktask"
listen: "127.0.0.1:{port}"
pid_file: {pid_file}
logtime_utc: true
max_payload: 1MB
max_pending: 64MB
write_deadline: "10s"
ping_interval: "20s"
ping_max: 2
lame_duck_grace_period: "5s"
lame_duck_duration: "30s"
# The default (2 minutes) loses acknowledged messages in a power cut.
jetstream {{ store_dir: {store}, sync_interval: always, max_memory_store: 64MB, max_file_store: 20GB }}
# nats-py 2.16 does not read the second form of acknowledgement subjects.
feature_flags {{ js_ack_fc_v2: false }}
accounts {{
  SYSTEM: {{ users: [ {{ nkey: {system_key} }} ] }}
  TISKTASK: {{
    jetstream: enabled
    users: [
{users}
    ]
  }}
}}
system_account: SYSTEM
"""


@dataclass(frozen=True)
class KeyedUser:
    """A user of the bus and its public key."""

    user: User
    public_key: str


@dataclass(frozen=True)
class NatsPlaces:
    """Where the server listens and stores."""

    port: int
    store: Path
    pid_file: Path


def render(places: NatsPlaces, users: list[KeyedUser], system_key: str) -> str:
    return _TEMPLATE.format(
        port=places.port,
        pid_file=json.dumps(str(places.pid_file)),
        store=json.dumps(str(places.store)),
        system_key=system_key,
        users="\n".join(f"      {_user_entry(keyed)}" for keyed in users),
    )


def _user_entry(keyed: KeyedUser) -> str:
    user = keyed.user
    hears_all = ">" in user.subscribe
    subscribe = user.subscribe if hears_all else [*user.subscribe, f"_INBOX_{user.name}.>"]
    permissions = f"publish: {{ allow: {json.dumps(user.publish)} }}, subscribe: {{ allow: {json.dumps(subscribe)} }}"
    if user.may_reply:
        permissions += ", allow_responses: true"
    return f"{{ nkey: {keyed.public_key}, permissions: {{ {permissions} }} }}  # {user.name}"
