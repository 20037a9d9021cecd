/** Stage I: what the log says about sessions, their ends and their ephemeral nodes. */
import { OpCode } from '../jute/proto.ts';
import type { Findings } from './findings.ts';
import type { Applied } from './model-tree.ts';
import { tellTxn } from './run.ts';
import type { LoggedTxn } from './server-log.ts';

export class SessionLives {
  private readonly alive = new Set<bigint>();
  private readonly closed = new Set<bigint>();
  private readonly findings: Findings;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  /** Looks at the next txn of the log, with what it did to the model. */
  onTxn(logged: LoggedTxn, { header, effects, removed, told }: Applied): void {
    const { clientId, type } = header;
    const wrong = (what: string) => this.findings.add('I', () => `${what}: ${tellTxn(logged)}`);
    if (type === OpCode.createSession) {
      if (this.alive.has(clientId) || this.closed.has(clientId)) wrong('a session id used twice');
      this.alive.add(clientId);
      return;
    }
    // A session that is closed while it expires may be closed twice.
    const isHarmless = type === OpCode.error || type === OpCode.closeSession;
    if (this.closed.has(clientId) && !isHarmless) wrong('the session was closed before');
    if (type === OpCode.closeSession) {
      this.alive.delete(clientId);
      this.closed.add(clientId);
      const listed = told === null ? removed.length : new Set(told).size;
      const isSame = told === null || removed.every((path) => told.includes(path));
      if (!isSame || listed !== removed.length) wrong('it does not remove all and only its nodes');
      return;
    }
    const makesEphemerals = effects.some(
      ({ stat }) => stat !== null && stat.ephemeralOwner === clientId,
    );
    if (makesEphemerals && clientId !== 0n && !this.alive.has(clientId)) {
      wrong('an ephemeral node of a session that does not live');
    }
  }
}
