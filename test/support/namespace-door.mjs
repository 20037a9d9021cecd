// A way into a network namespace: what connects to the local socket is led to a port on the
// loopback interface of the namespace that this process runs in. Local sockets are files, which
// all namespaces share.
import { connect, createServer } from 'node:net';

const [path, port] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  for (const [one, other] of [
    [near, far],
    [far, near],
  ]) {
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
});
server.listen(path, () => process.stdout.write('open\n'));
// Whoever has started it is gone.
process.stdin.on('end', () => process.exit()).resume();
