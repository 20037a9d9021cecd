import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** Apache's Java client walks through the interop steps; see the README of the directory above. */
public final class InteropPeer {
    private static final int TIMEOUT_MS = 15_000;
    private static final long PATIENCE_S = 30;

    private final String connectString;
    private final String root;
    private final Events events = new Events();
    private ZooKeeper zk;

    private InteropPeer(String connectString, String root) {
        this.connectString = connectString;
        this.root = root;
    }

    /** Watcher events in a queue, so that steps can wait for them. */
    private static final class Events implements Watcher {
        private final BlockingQueue<WatchedEvent> queue = new LinkedBlockingQueue<>();

        @Override
        public void process(WatchedEvent event) {
            queue.add(event);
        }

        WatchedEvent next() throws InterruptedException {
            WatchedEvent event = queue.poll(PATIENCE_S, TimeUnit.SECONDS);
            check(event != null, "no event came");
            return event;
        }

        void awaitConnected() throws InterruptedException {
            WatchedEvent event = next();
            while (event.getState() != Event.KeeperState.SyncConnected) {
                event = next();
            }
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        InteropPeer peer = new InteropPeer(args[0], args[1]);
        step("connect", peer::connect);
        step("create", peer::create);
        step("read", peer::read);
        step("write", peer::write);
        step("delete", peer::delete);
        step("ephemeral", peer::ephemeral);
        step("sequence", peer::sequence);
        step("watch", peer::watch);
        step("multi", peer::multi);
        step("acl", peer::acl);
        step("reconnect", peer::reconnect);
        step("close", peer::close);
    }

    private static void step(String name, Step step) {
        try {
            step.run();
            System.out.println("ok " + name);
        } catch (Throwable error) {
            System.out.println("failed " + name + ": " + error);
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void check(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private ZooKeeper open(Events events) throws Exception {
        ZooKeeper client = new ZooKeeper(connectString, TIMEOUT_MS, events);
        events.awaitConnected();
        return client;
    }

    private void connect() throws Exception {
        zk = open(events);
        check(zk.getSessionId() != 0, "a session has an id");
        check(zk.getSessionTimeout() == TIMEOUT_MS, "timeout " + zk.getSessionTimeout());
    }

    private void create() throws Exception {
        String made = zk.create(root, bytes("one"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        check(made.equals(root), made);
        try {
            zk.create(root, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            check(false, "created twice");
        } catch (KeeperException.NodeExistsException expected) {
            check(expected.getPath().equals(root), expected.getPath());
        }
    }

    private void read() throws Exception {
        Stat stat = new Stat();
        check(Arrays.equals(zk.getData(root, false, stat), bytes("one")), "data differ");
        check(stat.getVersion() == 0 && stat.getDataLength() == 3, stat.toString());
        check(stat.getCzxid() == stat.getMzxid(), "czxid and mzxid of a new node are equal");
        check(zk.exists(root + "/none", false) == null, "a missing node exists");
        check(zk.getChildren("/", false).contains(root.substring(1)), "not among its siblings");
    }

    private void write() throws Exception {
        Stat stat = zk.setData(root, bytes("two"), 0);
        check(stat.getVersion() == 1, stat.toString());
        try {
            zk.setData(root, bytes("three"), 0);
            check(false, "a stale version was accepted");
        } catch (KeeperException.BadVersionException expected) {
            check(Arrays.equals(zk.getData(root, false, null), bytes("two")), "data changed");
        }
    }

    private void delete() throws Exception {
        String path = root + "/gone";
        zk.create(path, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        check(zk.getData(path, false, null) == null, "null data came back as something");
        zk.delete(path, -1);
        check(zk.exists(path, false) == null, "deleted and still there");
    }

    private void ephemeral() throws Exception {
        String path = root + "/ephemeral";
        ZooKeeper other = open(new Events());
        other.create(path, bytes("e"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        Stat stat = zk.exists(path, false);
        check(stat.getEphemeralOwner() == other.getSessionId(), stat.toString());
        check(other.getEphemerals().equals(Collections.singletonList(path)), "not listed");
        other.close();
        check(zk.exists(path, false) == null, "outlived its session");
    }

    private void sequence() throws Exception {
        String parent = root + "/queue";
        zk.create(parent, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        for (int i = 0; i < 3; i++) {
            String made = zk.create(parent + "/n-", bytes("x"), ZooDefs.Ids.OPEN_ACL_UNSAFE,
                    CreateMode.PERSISTENT_SEQUENTIAL);
            check(made.equals(String.format("%s/n-%010d", parent, i)), made);
        }
        check(zk.getChildren(parent, false).size() == 3, "three children");
        check(zk.getAllChildrenNumber(parent) == 3, "three descendants");
    }

    private void watch() throws Exception {
        Events mine = new Events();
        String path = root + "/watched";
        zk.exists(path, mine);
        zk.create(path, bytes("a"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        check(mine.next().getType() == Watcher.Event.EventType.NodeCreated, "NodeCreated");
        zk.getData(path, mine, null);
        zk.setData(path, bytes("b"), -1);
        check(mine.next().getType() == Watcher.Event.EventType.NodeDataChanged, "NodeDataChanged");
        zk.getChildren(root, mine);
        zk.delete(path, -1);
        check(mine.next().getType() == Watcher.Event.EventType.NodeChildrenChanged, "NodeChildrenChanged");
    }

    private void multi() throws Exception {
        List<OpResult> results = zk.multi(Arrays.asList(
                Op.create(root + "/m1", bytes("1"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.setData(root + "/m1", bytes("2"), 0),
                Op.check(root + "/m1", 1)));
        check(results.size() == 3, "three results");
        check(((OpResult.SetDataResult) results.get(1)).getStat().getVersion() == 1, "version 1");
        try {
            zk.multi(Arrays.asList(Op.delete(root + "/m1", -1), Op.delete(root + "/none", -1)));
            check(false, "a multi with a failing operation went through");
        } catch (KeeperException.NoNodeException expected) {
            check(expected.getResults().size() == 2, "two results");
            check(zk.exists(root + "/m1", false) != null, "the multi was applied by half");
        }
    }

    private void acl() throws Exception {
        String path = root + "/private";
        ZooKeeper owner = open(new Events());
        owner.addAuthInfo("digest", bytes("alice:secret"));
        owner.create(path, bytes("p"), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        check(Arrays.equals(owner.getData(path, false, null), bytes("p")), "the owner reads");
        check(owner.getACL(path, null).get(0).getId().getId().startsWith("alice:"), "alice is in the ACL");
        try {
            zk.getData(path, false, null);
            check(false, "a stranger reads");
        } catch (KeeperException.NoAuthException expected) {
            owner.close();
        }
        zk.addAuthInfo("digest", bytes("alice:secret"));
        check(Arrays.equals(zk.getData(path, false, null), bytes("p")), "the same user reads");
    }

    private void reconnect() throws Exception {
        Events mine = new Events();
        long session = zk.getSessionId();
        String path = root + "/alive";
        zk.create(path, bytes("before"), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        zk.getData(root, mine, null);
        events.queue.clear();
        System.out.println("restart");
        check(System.in.read() > 0, "no word of the restart");
        events.awaitConnected();
        check(zk.getSessionId() == session, "another session");
        check(Arrays.equals(zk.getData(path, false, null), bytes("before")), "data were lost");
        zk.setData(root, bytes("after"), -1);
        WatchedEvent event = mine.next();
        while (event.getType() == Watcher.Event.EventType.None) {
            event = mine.next();
        }
        check(event.getType() == Watcher.Event.EventType.NodeDataChanged, event.toString());
    }

    private void close() throws Exception {
        zk.close();
        ZooKeeper other = open(new Events());
        check(other.exists(root + "/alive", false) == null, "an ephemeral node outlived close");
        other.close();
    }
}
