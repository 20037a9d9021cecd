/**
 * node-zookeeper-client walks through the interop steps; see the README of the directory above.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import zookeeper from 'node-zookeeper-client';

const { ACL, CreateMode, Event, Exception, Id, Permission } = zookeeper;
const timeoutMs = 15_000;
const patienceMs = 60_000;
const [hosts, root] = process.argv.slice(2);
let zk;

/** Calls a method of a client that takes a callback; resolves with the first result. */
function call(target, method, ...args) {
  return new Promise((resolve, reject) => {
    target[method](...args, (error, ...results) => {
      if (error) reject(error);
      else resolve(results.length > 1 ? results : results[0]);
    });
  });
}

async function refused(promise, code) {
  await assert.rejects(promise, (error) => error.getCode?.() === code);
}

async function open() {
  const client = zookeeper.createClient(hosts, { sessionTimeout: timeoutMs });
  client.connect();
  await once(client, 'connected');
  return client;
}

async function close(client) {
  client.close();
  await once(client, 'disconnected');
}

/** A watcher and the promise of the event that it is called with. */
function watcher() {
  let onEvent;
  const event = new Promise((resolve) => {
    onEvent = resolve;
  });
  return [onEvent, event];
}

const steps = {
  async connect() {
    zk = await open();
    assert.notEqual(zk.getSessionId().toString('hex'), '0000000000000000');
    assert.equal(zk.getSessionTimeout(), timeoutMs);
  },

  async create() {
    assert.equal(await call(zk, 'create', root, Buffer.from('one')), root);
    await refused(call(zk, 'create', root), Exception.NODE_EXISTS);
  },

  async read() {
    const [data, stat] = await call(zk, 'getData', root);
    assert.equal(data.toString(), 'one');
    assert.deepEqual([stat.version, stat.dataLength], [0, 3]);
    assert.equal(await call(zk, 'exists', `${root}/none`), null);
    const [children] = await call(zk, 'getChildren', '/');
    assert.ok(children.includes(root.slice(1)));
  },

  async write() {
    const stat = await call(zk, 'setData', root, Buffer.from('two'), 0);
    assert.equal(stat.version, 1);
    await refused(call(zk, 'setData', root, Buffer.from('three'), 0), Exception.BAD_VERSION);
  },

  async delete() {
    await call(zk, 'create', `${root}/gone`);
    await call(zk, 'remove', `${root}/gone`);
    assert.equal(await call(zk, 'exists', `${root}/gone`), null);
  },

  async ephemeral() {
    const path = `${root}/ephemeral`;
    const other = await open();
    await call(other, 'create', path, Buffer.from('e'), CreateMode.EPHEMERAL);
    const stat = await call(zk, 'exists', path);
    assert.equal(stat.ephemeralOwner.toString('hex'), other.getSessionId().toString('hex'));
    await close(other);
    assert.equal(await call(zk, 'exists', path), null);
  },

  async sequence() {
    const parent = `${root}/queue`;
    await call(zk, 'create', parent);
    for (let i = 0; i < 3; i++) {
      const made = await call(zk, 'create', `${parent}/n-`, CreateMode.PERSISTENT_SEQUENTIAL);
      assert.equal(made, `${parent}/n-${String(i).padStart(10, '0')}`);
    }
  },

  async watch() {
    const path = `${root}/watched`;
    const [onCreated, created] = watcher();
    await call(zk, 'exists', path, onCreated);
    await call(zk, 'create', path, Buffer.from('a'));
    assert.equal((await created).getType(), Event.NODE_CREATED);
    const [onChanged, changed] = watcher();
    await call(zk, 'getData', path, onChanged);
    await call(zk, 'setData', path, Buffer.from('b'));
    assert.equal((await changed).getType(), Event.NODE_DATA_CHANGED);
    const [onChildren, children] = watcher();
    await call(zk, 'getChildren', root, onChildren);
    await call(zk, 'remove', path);
    assert.equal((await children).getType(), Event.NODE_CHILDREN_CHANGED);
  },

  async multi() {
    const path = `${root}/m1`;
    const good = zk.transaction().create(path, Buffer.from('1'));
    const results = await call(good.setData(path, Buffer.from('2'), 0).check(path, 1), 'commit');
    assert.equal(results.length, 3);
    assert.equal(results[1].stat.version, 1);
    const bad = zk.transaction().remove(path).remove(`${root}/none`);
    await refused(call(bad, 'commit'), Exception.NO_NODE);
    assert.notEqual(await call(zk, 'exists', path), null);
  },

  async acl() {
    const path = `${root}/private`;
    const owner = await open();
    owner.addAuthInfo('digest', Buffer.from('alice:secret'));
    const acl = [new ACL(Permission.ALL, Id.AUTH_IDS)];
    await call(owner, 'create', path, Buffer.from('p'), acl, CreateMode.PERSISTENT);
    const [data] = await call(owner, 'getData', path);
    assert.equal(data.toString(), 'p');
    await refused(call(zk, 'getData', path), Exception.NO_AUTH);
    await close(owner);
    zk.addAuthInfo('digest', Buffer.from('alice:secret'));
    await call(zk, 'getData', path);
  },

  async reconnect() {
    const path = `${root}/alive`;
    const session = zk.getSessionId().toString('hex');
    await call(zk, 'create', path, Buffer.from('before'), CreateMode.EPHEMERAL);
    const [onChanged, changed] = watcher();
    await call(zk, 'getData', root, onChanged);
    const disconnected = once(zk, 'disconnected');
    const connected = once(zk, 'connected');
    console.log('restart');
    await disconnected;
    await once(process.stdin, 'data');
    await connected;
    assert.equal(zk.getSessionId().toString('hex'), session);
    const [data] = await call(zk, 'getData', path);
    assert.equal(data.toString(), 'before');
    await call(zk, 'setData', root, Buffer.from('after'));
    assert.equal((await changed).getType(), Event.NODE_DATA_CHANGED);
  },

  async close() {
    await close(zk);
    const other = await open();
    assert.equal(await call(other, 'exists', `${root}/alive`), null);
    await close(other);
  },
};

/** Rejects when nothing happens for too long: events that never come are no way to end. */
function patience() {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error('it took too long')), patienceMs).unref();
  });
}

for (const [name, run] of Object.entries(steps)) {
  try {
    await Promise.race([run(), patience()]);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`failed ${name}: ${String(error).replaceAll('\n', ' ')}`);
    console.error(error);
    process.exit(1);
  }
}
process.exit(0);
