"""kazoo walks through the interop steps; see the README of the directory above."""

import queue
import sys
import traceback

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import BadVersionError, NoAuthError, NodeExistsError, NoNodeError
from kazoo.protocol.states import EventType
from kazoo.security import make_digest_acl

TIMEOUT_S = 15
PATIENCE_S = 30


class Peer:
    def __init__(self, hosts, root):
        self.hosts = hosts
        self.root = root
        self.states = queue.Queue()
        self.zk = None

    def open(self, **options):
        client = KazooClient(hosts=self.hosts, timeout=TIMEOUT_S, **options)
        client.start(timeout=PATIENCE_S)
        return client

    def connect(self):
        self.zk = self.open()
        self.zk.add_listener(self.states.put)
        assert self.zk.connected
        assert self.zk.client_id[0] != 0
        assert self.zk.server_version() >= (3, 5), self.zk.server_version()

    def create(self):
        assert self.zk.create(self.root, b"one") == self.root
        try:
            self.zk.create(self.root, b"one")
            raise AssertionError("created twice")
        except NodeExistsError:
            pass

    def read(self):
        data, stat = self.zk.get(self.root)
        assert data == b"one"
        assert (stat.version, stat.data_length, stat.czxid) == (0, 3, stat.mzxid), stat
        assert self.zk.exists(self.root + "/none") is None
        assert self.root[1:] in self.zk.get_children("/")

    def write(self):
        assert self.zk.set(self.root, b"two", version=0).version == 1
        try:
            self.zk.set(self.root, b"three", version=0)
            raise AssertionError("a stale version was accepted")
        except BadVersionError:
            assert self.zk.get(self.root)[0] == b"two"

    def delete(self):
        path = self.root + "/gone"
        self.zk.create(path)
        self.zk.delete(path)
        assert self.zk.exists(path) is None
        self.zk.ensure_path(path + "/deep/down")
        self.zk.delete(path, recursive=True)
        assert self.zk.exists(path) is None

    def ephemeral(self):
        path = self.root + "/ephemeral"
        other = self.open()
        other.create(path, b"e", ephemeral=True)
        assert self.zk.exists(path).ephemeralOwner == other.client_id[0]
        other.stop()
        other.close()
        assert self.zk.exists(path) is None

    def sequence(self):
        parent = self.root + "/queue"
        self.zk.create(parent)
        for i in range(3):
            path, stat = self.zk.create(parent + "/n-", b"x", sequence=True, include_data=True)
            assert path == "%s/n-%010d" % (parent, i), path
            assert stat.version == 0
        assert len(self.zk.get_children(parent)) == 3

    def watch(self):
        path = self.root + "/watched"
        events = queue.Queue()
        self.zk.exists(path, watch=events.put)
        self.zk.create(path, b"a")
        assert events.get(timeout=PATIENCE_S).type == EventType.CREATED
        self.zk.get(path, watch=events.put)
        self.zk.set(path, b"b")
        assert events.get(timeout=PATIENCE_S).type == EventType.CHANGED
        self.zk.get_children(self.root, watch=events.put)
        self.zk.delete(path)
        assert events.get(timeout=PATIENCE_S).type == EventType.CHILD

    def multi(self):
        path = self.root + "/m1"
        transaction = self.zk.transaction()
        transaction.create(path, b"1")
        transaction.set_data(path, b"2", version=0)
        transaction.check(path, version=1)
        results = transaction.commit()
        assert results[0] == path and results[1].version == 1 and results[2] is True, results
        transaction = self.zk.transaction()
        transaction.delete(path)
        transaction.delete(self.root + "/none")
        results = transaction.commit()
        assert isinstance(results[1], NoNodeError), results
        assert self.zk.exists(path) is not None

    def acl(self):
        path = self.root + "/private"
        owner = self.open(auth_data=[("digest", "alice:secret")])
        owner.create(path, b"p", acl=[make_digest_acl("alice", "secret", all=True)])
        assert owner.get(path)[0] == b"p"
        try:
            self.zk.get(path)
            raise AssertionError("a stranger reads")
        except NoAuthError:
            pass
        owner.stop()
        owner.close()
        self.zk.add_auth("digest", "alice:secret")
        assert self.zk.get(path)[0] == b"p"

    def reconnect(self):
        path = self.root + "/alive"
        events = queue.Queue()
        session = self.zk.client_id[0]
        self.zk.create(path, b"before", ephemeral=True)
        print("restart", flush=True)
        assert self.states.get(timeout=PATIENCE_S) == KazooState.SUSPENDED
        sys.stdin.readline()
        assert self.states.get(timeout=PATIENCE_S) == KazooState.CONNECTED
        assert self.zk.client_id[0] == session
        data, stat = self.zk.get(path)
        assert (data, stat.ephemeralOwner) == (b"before", session)
        self.zk.get(self.root, watch=events.put)
        self.zk.set(self.root, b"after")
        assert events.get(timeout=PATIENCE_S).type == EventType.CHANGED

    def close(self):
        self.zk.stop()
        self.zk.close()
        other = self.open()
        assert other.exists(self.root + "/alive") is None
        other.stop()


def main():
    peer = Peer(sys.argv[1], sys.argv[2])
    steps = [
        "connect", "create", "read", "write", "delete", "ephemeral",
        "sequence", "watch", "multi", "acl", "reconnect", "close",
    ]
    for step in steps:
        try:
            getattr(peer, step)()
        except Exception as error:
            print(f"failed {step}: {error!r}".replace("\n", " "), flush=True)
            traceback.print_exc()
            sys.exit(1)
        print(f"ok {step}", flush=True)


main()
