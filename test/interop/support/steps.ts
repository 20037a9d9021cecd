/** What every third-party client has to do, in this order. A peer names the step in its output. */
export const steps = [
  { name: 'connect', does: 'opens a session' },
  { name: 'create', does: 'creates a node' },
  { name: 'read', does: 'reads it back with its stat' },
  { name: 'write', does: 'writes it and is refused with a stale version' },
  { name: 'delete', does: 'deletes it' },
  { name: 'ephemeral', does: 'owns a node that goes with its session' },
  { name: 'sequence', does: 'creates sequential nodes in order' },
  { name: 'watch', does: 'is told of a change it watches' },
  { name: 'multi', does: 'commits several operations or none' },
  { name: 'acl', does: 'is kept out of a node of another digest user' },
  { name: 'reconnect', does: 'keeps its session over a restart of the server' },
  { name: 'close', does: 'closes its session' },
] as const;
